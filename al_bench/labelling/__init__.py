"""A pool that people label: batches go out as files, labels come back in them, and the next batch is chosen.

pool          the items, their names, and what is shown of each
batch         the types: an item that was asked, a batch's record
answers       what people said: an item, a label, its source
folder        the folder of a study, which is the record: nothing in it is overwritten
batch_file    a batch as CSV, written for spreadsheets
filled_file   what people and spreadsheets made of it
known_items   the items that its rows name
page          a batch as an HTML page
state         what is labelled, skipped and open, from records and answers
cold_start    the batch while there are no two classes
choose        the batch of a strategy, by the engine of al-bench run
request       what one call asks for
given_labels  the labels that came back, checked
session       all that a call reads before it writes
next_batch    the next batch, recorded and written
batch_output  the files of a batch, from its record
describe      the lines that a call shows
query         one call of the command
votes         which of an item's labels is trained on
agreement     how far those who labelled the same items agree
pictures      items as images that a browser shows
exchange/     batches to labelling tools, and their labels back
predict       predictions for all items, and the learner as a file
audit         items that judge the model and are never trained on: drawn at the first call
audit_order   how they are mixed into a batch, so that nobody sees which they are
audit_step    the audit's part in one call
audit_report  what their labels say of the model, and what that assumes
audit_statistics, active_testing   the formulas behind that
"""

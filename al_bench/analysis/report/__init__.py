"""One self-contained HTML page about a study: what `al-bench report` writes.

page           gathers the sections and renders report.html.j2
overview       the first page: verdict, one curve, labels and money, recall by class, what next
sections       what the page says of one data set
judgement      verdict, tables and diagnostics, fetched from where they are computed
figures        which figures a study has
svg            figures as inline SVG, in the page's colours, light and dark
gallery        what each strategy picked, round by round
dataset        the data set of a run, loaded again without a network
configuration  what all runs share, in what they differ, and how to run it all again
"""

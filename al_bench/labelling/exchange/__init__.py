"""Batches to labelling tools, and their labels back: Label Studio, doccano, CVAT and plain lists of files.

shown                what a tool shows of an item
task_files           a batch in the formats of the tools, as files
label_studio         tasks and the labelling configuration of Label Studio
label_studio_export  its exports read back
doccano              doccano's lines, written and read
cvat                 CVAT's labels and list of files, and its annotations read back
label_files          a file of labels, whatever wrote it
"""

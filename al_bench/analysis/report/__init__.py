"""One self-contained HTML page about a study: what `al-bench report` writes.

page         gathers the parts and renders report.html.j2
parts        what the page says of one data set
judgement    verdict, tables and diagnostics, fetched from where they are computed
diagnostics  which rounds were unhealthy
chapters     which figures a study has
drawing      figures as inline SVG, in the page's colours, light and dark
gallery      what each strategy picked, round by round
sprites      the pictures of the gallery, many in one image
shelf        the data set of a run, found again without a network
settings     what all runs share, and in what they differ
recipe       how to run it all again
grid         tables
"""

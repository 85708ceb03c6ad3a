"""The figures: functions from studies (or numbers) to a matplotlib Figure, without pyplot's global state.

against     accuracy, NLL or ECE against labels or seconds, with published curves and health remarks
difference  accuracy less the baseline's, paired by seed
targets     labels to an accuracy, as bars
penalty     the pairwise penalty matrix, as a heat map
balance     class balance of the labelled set
seconds     where the time went, stacked
ranks       mean ranks over datasets with the critical difference
frame       what all share: sizes, style, legend, files
"""

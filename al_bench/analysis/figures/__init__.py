"""The figures: functions from studies (or numbers) to a matplotlib Figure, without pyplot's global state.

kinds             the table of figures, and the doors for a plot of one's own
request           what the user asked for, checked; from it to a figure
curves            accuracy or another metric against labels or seconds, with published curves and health warnings
difference        accuracy less the baseline's, paired by seed
labels_to_target  labels to an accuracy, as bars
penalty           the pairwise penalty matrix, as a heat map
ranks             mean ranks over datasets with the critical difference
class_balance     class balance of the labelled set
seconds           where the time went, stacked
discovery         classes found against labels
confusion         confusion matrices of the baseline and of the best arm
value_axis        linear, error and logit axes
overlay           what is laid over curves: published numbers, health warnings
series            numbers of runs on a grid of label counts
layout, style     what all share: sizes, legends, files; colours, markers and dashes
"""

"""What a run or a sweep will take, in time, memory, disk and labels, before it starts and while it runs."""

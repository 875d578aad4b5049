"""What hosts measure, as clients ask for it: the newest, the highest, series, lists, live."""

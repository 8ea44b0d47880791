"""Reading tables: a file, a data frame or a dict becomes a `Table`, whose columns are numbers, texts or dates."""

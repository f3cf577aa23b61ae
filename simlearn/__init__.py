"""The product's surface: it composes scenes, renderers and training into commands, data sets, benchmarks and a report."""

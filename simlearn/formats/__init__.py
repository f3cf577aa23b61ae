"""Single files in formats of the field: encoders and decoders between arrays and bytes, without folders, data sets or options.

Every module states layout, units, what marks an invalid pixel, and the error of a round trip. Pixels are [row, column], the first row is
the top one, flow is (du, dv) in pixels, target minus source, depth is camera z in metres. Decoders raise UserError for bytes that are not
such a file; they check sizes against the length of the data before they allocate.
"""

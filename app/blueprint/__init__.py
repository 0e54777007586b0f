"""The blueprint (蓝图): all low-code settings of a site as one document, to carry from site to site (FLD-6).

`document` reads and writes the YAML, `rules` compares, `parts` say what each kind of setting looks like and is applied
by, `applying` does it in one transaction, `services` keep the documents. docs/adr/0057 says why it is done this way.
"""

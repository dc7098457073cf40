"""Import of files, folders and archives: what lies in them as raw records, whatever it is wrapped in.

Nothing is ever unpacked under a name that an archive gives; names of members are texts to show.
"""

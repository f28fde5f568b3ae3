//! The stream from end to end, with the codecs of `testing`.

//! The stream from end to end, with the codecs of `testing`.

mod arbitrary;
mod bounds;
mod candidates;
mod damage;
mod early;
mod ends;
mod ranges;
mod recovery;
mod roundtrip;
mod scout;

//! The stream from end to end, with the codecs of `testing`.

mod arbitrary;
mod bounds;
mod damage;
mod ranges;
mod recovery;
mod roundtrip;

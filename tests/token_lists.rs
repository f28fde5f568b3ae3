//! Token lists of all kinds, published ones and made-up ones: any bytes come back, through whole models too.

#![cfg(feature = "cli")]

mod common;
#[path = "token_lists/made_up.rs"]
mod made_up;
#[path = "token_lists/published.rs"]
mod published;
#[path = "token_lists/sentencepiece.rs"]
mod sentencepiece;
#[path = "common/texts.rs"]
mod texts;
#[path = "token_lists/whole.rs"]
mod whole;

use proptest::prelude::*;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{
    OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, PreTokenizerWrapper,
    SplitDelimiterBehavior,
};

use super::*;

fn cut_up(text: &[u8], pattern: Pattern) -> Vec<&[u8]> {
    Pieces::new(text, pattern).map(|piece| &text[piece]).collect()
}

fn strings(text: &str, pattern: Pattern) -> Vec<&str> {
    let pieces = cut_up(text.as_bytes(), pattern).into_iter();
    pieces.map(|piece| std::str::from_utf8(piece).unwrap()).collect()
}

/// The splitter of the `tokenizers` crate for a pattern.
fn reference(pattern: Pattern) -> PreTokenizerWrapper {
    let split = |regex: &str| {
        let regex = SplitPattern::Regex(regex.into());
        Split::new(regex, SplitDelimiterBehavior::Isolated, false).unwrap().into()
    };
    let byte_level = ByteLevel::new(false, true, true).into();
    match pattern {
        Pattern::Gpt2 => byte_level,
        Pattern::Gpt2Digits => Sequence::new(vec![Digits::new(true).into(), byte_level]).into(),
        Pattern::Qwen2 => split(QWEN2_REGEX),
        Pattern::Llama3 => split(LLAMA3_REGEX),
        Pattern::SentencePiece => unreachable!("has no regular expression"),
    }
}

fn assert_splits_like_the_reference(text: &str, pattern: Pattern) {
    let mut split = PreTokenizedString::from(text);
    reference(pattern).pre_tokenize(&mut split).unwrap();
    let splits = split.get_splits(OffsetReferential::Original, OffsetType::Byte);
    let want: Vec<_> = splits.into_iter().map(|(_, (start, end), _)| &text[start..end]).collect();
    assert_eq!(strings(text, pattern), want);
}

#[test]
fn every_character_splits_like_the_reference() {
    // All planes that have letters; a sample of the rest.
    let planes =
        (0..0x3_3500u32).chain((0xe_0000..0xe_0200).chain((0x3_4000..=0x10_ffff).step_by(251)));
    let characters: Vec<char> = planes.filter_map(char::from_u32).collect();
    for block in characters.chunks(256) {
        let text: String = block.iter().map(|c| format!("a{c}b {c}{c}1{c}2\n{c},{c}")).collect();
        assert_splits_like_the_reference(&text, Pattern::Qwen2);
        assert_splits_like_the_reference(&text, Pattern::Gpt2);
    }
}

#[test]
fn splits_like_gpt2() {
    assert_eq!(
        strings("I've 12 cats,  they'LL \n\n go!!  ", Pattern::Gpt2),
        ["I", "'ve", " 12", " cats", ",", " ", " they", "'", "LL", " \n\n", " go", "!!", "  "]
    );
    assert_eq!(strings("a  12 3", Pattern::Gpt2Digits), ["a", "  ", "1", "2", " ", "3"]);
    assert_eq!(strings("x 1.5", Pattern::Gpt2Digits), ["x", " ", "1", ".", "5"]);
}

#[test]
fn splits_like_qwen2_and_llama3() {
    assert_eq!(
        strings("I'VE 123 cats;\r\n\n\tgo  on \n \n  x'\u{17f}a", Pattern::Qwen2),
        [
            "I", "'VE", " ", "1", "2", "3", " cats", ";\r\n\n", "\tgo", " ", " on", " \n \n", " ",
            " x", "'\u{17f}", "a"
        ]
    );
    assert_eq!(strings("12345 =\n\n=", Pattern::Llama3), ["123", "45", " =\n\n", "="]);
    assert_eq!(strings("\u{a0}\u{a0}a (b", Pattern::Qwen2), ["\u{a0}", "\u{a0}a", " (", "b"]);
}

#[test]
fn bytes_that_are_not_text_stand_alone() {
    let text = b"ab\xff\xfecd \xe2\x82\n\xc3";
    for pattern in [Pattern::Gpt2, Pattern::Qwen2] {
        let want: [&[u8]; 7] = [b"ab", b"\xff\xfe", b"cd", b" ", b"\xe2\x82", b"\n", b"\xc3"];
        assert_eq!(cut_up(text, pattern), want);
    }
}

#[test]
fn long_pieces_are_cut_between_characters() {
    let text = "€".repeat(3000);
    let pieces = strings(&text, Pattern::Qwen2);
    assert_eq!(pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>(), [4095, 4095, 810]);
    let raw: Vec<_> = cut_up(&[0x80; 5000], Pattern::Qwen2);
    assert_eq!(raw.iter().map(|piece| piece.len()).collect::<Vec<_>>(), [4096, 904]);
}

#[test]
fn the_codes_of_the_model_file_stay() {
    for (pattern, code) in [(Pattern::Gpt2, 1), (Pattern::Llama3, 4), (Pattern::SentencePiece, 5)] {
        assert_eq!(pattern.code(), code);
        assert_eq!(Pattern::from_code(code).unwrap(), pattern);
    }
    assert!(matches!(Pattern::from_code(0), Err(Error::Unsupported { .. })));
    assert!(matches!(Pattern::from_code(6), Err(Error::Unsupported { .. })));
}

proptest! {
    #[test]
    fn odd_texts_split_like_the_reference(
        text in "[ \t\r\n\u{85}\u{a0}\u{3000}'sStTmMdDlLrRvVeE\u{17f}\u{212a}aé中12२²Ⅷ,.!<|>_€\u{301}\u{200b}\0😀]{0,40}",
        code in 1u8..=4,
    ) {
        assert_splits_like_the_reference(&text, Pattern::from_code(code).unwrap());
    }

    #[test]
    fn any_text_splits_like_the_reference(text in any::<String>(), code in 1u8..=4) {
        assert_splits_like_the_reference(&text, Pattern::from_code(code).unwrap());
    }

    #[test]
    fn pieces_are_never_empty_and_join_to_the_text(text in any::<Vec<u8>>(), code in 1u8..=4) {
        let pieces = cut_up(&text, Pattern::from_code(code).unwrap());
        prop_assert!(pieces.iter().all(|piece| !piece.is_empty()));
        prop_assert_eq!(pieces.concat(), text);
    }
}

//! Short frames name their model by two bytes, which may fit several.

use crate::error::Error;
use crate::stream::testing::*;
use crate::stream::*;

#[test]
fn of_several_models_that_fit_the_right_one_is_found() {
    let text = b"plain text, seven bits a byte, ".repeat(5);
    let options = CompressOptions::default();
    let [first, twin] =
        [Packer::model(1), Packer::twin()].map(|codec| pack_with(&codec, &text, &options));
    assert_eq!(first[..5], twin[..5], "they begin alike");
    assert_ne!(first, twin);
    let (again, result) = unpack(&[&twin[..], &first, &twin, &twin, &first].concat());
    result.unwrap();
    assert!(again == text.repeat(5));
    let many =
        decompress_many(&[&first, &twin], &Shelf, &DecompressOptions::default(), &NoProgress);
    for result in many {
        assert!(result.unwrap().0 == text);
    }
}

#[test]
fn damage_is_damage_whichever_model_is_tried() {
    let text = b"plain text, seven bits a byte, ".repeat(5);
    let mut file = pack_with(&Packer::twin(), &text, &CompressOptions::default());
    let middle = file.len() / 2;
    file[middle] ^= 4;
    assert!(matches!(unpack(&file).1, Err(Error::Damaged { .. })));
}

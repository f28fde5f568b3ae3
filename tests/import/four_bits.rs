//! Weights of 4 bits: the same everywhere, and each method better than the one before.

use super::*;
use std::io::Read;

#[test]
fn four_bits_give_the_same_frequencies_on_every_instruction_set() {
    let folder = Folder::new();
    small_model(&folder, small_config("qwen2"));
    let text = Random(9).bytes(400);
    for bits in [Bits::FourNearest, Bits::Four, Bits::FourCalibrated(Random(5).bytes(300))] {
        let options = ImportOptions { bits, ..options() };
        let bytes = import_model(folder.dir(), &options).unwrap();
        assert!(bytes == import_model(folder.dir(), &options).unwrap(), "{:?}", options.bits);
        let model = open(&bytes);
        assert_eq!((model.config().weight_bits, model.config().weight_steps), (4, 32));
        let mut tokens = vec![model.config().start_row];
        tokens.extend(model.tokenizer().encode(&text[..60]).unwrap());
        let mut first: Option<Vec<u32>> = None;
        for isa in Isa::available() {
            for run in [1, 7, 64] {
                let mut session =
                    Session::new(model.clone(), isa, 1, 32, WindowPolicy::Slide, run).unwrap();
                let mut all = Vec::new();
                session.advance(&[Feed { lane: 0, tokens: &tokens }], |_, _, frequencies| {
                    all.extend_from_slice(frequencies.as_slice());
                });
                assert!(*first.get_or_insert(all.clone()) == all, "{}, {run}", isa.name());
            }
        }
        let found = compare_with_float(&model, folder.dir(), &text).unwrap();
        println!("{found:?}");
        assert!(found.worst_cosine > 0.9);
    }
}

#[test]
fn each_method_costs_less_than_the_one_before_on_real_weights() {
    let (Some(dir), Some(train), Some(corpora)) =
        (shared("builtin-v0"), shared("train/prose_en_aug.zst"), shared("corpora/text_en"))
    else {
        println!("skipped: no weights, or no text to learn from or to measure with");
        return;
    };
    let mut calibration = vec![0; 30_000];
    let mut train = zstd::stream::read::Decoder::new(fs::File::open(train).unwrap()).unwrap();
    train.read_exact(&mut calibration).unwrap();
    let text = fs::read(corpora.join("sherlock.txt")).unwrap();
    let text = &text[100_000..115_000];
    let bits = |bits: Bits| {
        let options = ImportOptions { bits, ..ImportOptions::large("x") };
        let model = open(&import_model(&dir, &options).unwrap());
        compare_with_float(&model, &dir, text).unwrap().exact_bits
    };
    let eight = bits(Bits::Eight);
    let [nearest, searched, fed_back] =
        [Bits::FourNearest, Bits::Four, Bits::FourCalibrated(calibration)]
            .map(|method| 100.0 * (bits(method) / eight - 1.0));
    println!(
        "over 8 bits: nearest {nearest:.2} %, steps {searched:.2} %, fed back {fed_back:.2} %"
    );
    assert!(fed_back < 0.7 * searched && searched < nearest && nearest < 1.0);
}

//! Several inputs at once become what each becomes alone.

use llmzip::codec::{BuiltinModels, Level};
use llmzip::stream::{self, DecompressOptions, NoProgress};
use llmzip::{Options, compress, compress_many, decompress_many};

/// Inputs of every kind that takes another way: empty, one byte, runs, noise, short texts of many lengths, several
/// lanes, a long frame, and one with a copy.
fn inputs() -> Vec<Vec<u8>> {
    let prose = include_bytes!("../src/EXACTNESS.md").to_vec();
    let code = include_bytes!("../src/codec/group.rs").to_vec();
    let noise: Vec<u8> = (0..3000u32).map(|i| (i.wrapping_mul(0x9e37_79b9) >> 13) as u8).collect();
    let mut inputs = vec![vec![], vec![b'x'], vec![7; 5000], noise];
    inputs.extend([1, 2, 3, 30, 200, 500, 1000, 3000].map(|len| prose[len..2 * len].to_vec()));
    inputs.extend([5000, 800, 90].map(|len| code[..len].to_vec()));
    inputs.push(prose.repeat(2));
    inputs.push([&prose[..], &code[..]].concat().repeat(7)[..70_000].to_vec());
    inputs.push([&prose[..2000], &prose[..2000]].concat());
    inputs
}

#[test]
fn together_is_as_alone() {
    let inputs = inputs();
    for level in [Level::Light, Level::Default] {
        let options = Options { level, ..Options::default() };
        let packed = compress_many(&inputs, &options).unwrap();
        for (input, packed) in inputs.iter().zip(&packed) {
            assert_eq!(*packed, compress(input, &options).unwrap(), "{} bytes", input.len());
        }
        assert_eq!(decompress_many(&packed).unwrap(), inputs);
    }
}

#[cfg(feature = "threads")]
#[test]
fn any_number_of_threads_gives_the_same() {
    let inputs = inputs();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let packed = compress_many(&inputs, &Options::default()).unwrap();
            assert_eq!(decompress_many(&packed).unwrap(), inputs);
            packed
        })
    };
    let one = with(1);
    assert!(one == with(2) && one == with(5));
}

#[test]
fn a_damaged_file_is_its_own_affair() {
    let inputs = inputs();
    let packed = compress_many(&inputs, &Options::default()).unwrap();
    for victim in (4..packed.len()).step_by(4) {
        let mut packed = packed.clone();
        let at = packed[victim].len() / 2;
        packed[victim][at] ^= 4;
        let files: Vec<&[u8]> = packed.iter().map(Vec::as_slice).collect();
        let options = DecompressOptions::default();
        let results = stream::decompress_many(&files, &BuiltinModels, &options, &NoProgress);
        for (i, (result, input)) in results.iter().zip(&inputs).enumerate() {
            match result {
                Ok((plain, summary)) => {
                    assert!(i != victim && plain == input);
                    assert_eq!(summary.plain_bytes, input.len() as u64);
                }
                Err(_) => assert_eq!(i, victim),
            }
        }
    }
}

#[test]
fn a_small_memory_limit_only_takes_longer() {
    let inputs = inputs();
    let packed = compress_many(&inputs, &Options::default()).unwrap();
    let files: Vec<&[u8]> = packed.iter().map(Vec::as_slice).collect();
    let options = DecompressOptions { memory_limit: 256 << 20, ..DecompressOptions::default() };
    let results = stream::decompress_many(&files, &BuiltinModels, &options, &NoProgress);
    for (result, input) in results.into_iter().zip(&inputs) {
        assert_eq!(result.unwrap().0, *input);
    }
}

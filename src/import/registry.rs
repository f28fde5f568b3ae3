//! The models that have a name here: where they are published, and what their files must be.

/// One file of a model and what it must be.
#[derive(Clone, Copy, Debug)]
pub struct KnownFile {
    /// Its name in the repository.
    pub name: &'static str,
    /// SHA-256 in hexadecimal digits.
    pub sha256: &'static str,
}

/// A model that can be named instead of its repository.
#[derive(Clone, Copy, Debug)]
pub struct KnownModel {
    /// What the command line calls it.
    pub name: &'static str,
    /// Its repository on the hub.
    pub repository: &'static str,
    /// The commit that `files` belong to; `None` where the repository's newest is taken.
    pub revision: Option<&'static str>,
    /// Files whose hashes are known; empty without a pinned revision.
    pub files: &'static [KnownFile],
    /// Weights, in millions.
    pub million_parameters: f64,
    /// Positions that it was made for.
    pub context: usize,
}

/// All of them.
pub const KNOWN_MODELS: &[KnownModel] = &[
    KnownModel {
        name: "qwen3-0.6b",
        repository: "Qwen/Qwen3-0.6B",
        revision: Some("c1899de289a04d12100db370d81485cdf75e47ca"),
        files: &[
            KnownFile {
                name: "model.safetensors",
                sha256: "f47f71177f32bcd101b7573ec9171e6a57f4f4d31148d38e382306f42996874b",
            },
            KnownFile {
                name: "tokenizer.json",
                sha256: "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4",
            },
            KnownFile {
                name: "config.json",
                sha256: "660db3b73d788119c04535e48cf9be5f55bc3100841a718637ae695b442f27dd",
            },
        ],
        million_parameters: 596.0,
        context: 40_960,
    },
    unpinned("qwen2.5-0.5b", "Qwen/Qwen2.5-0.5B", 494.0, 32_768),
    unpinned("smollm2-135m", "HuggingFaceTB/SmolLM2-135M", 134.5, 8_192),
    unpinned("smollm2-360m", "HuggingFaceTB/SmolLM2-360M", 361.8, 8_192),
    unpinned("tinyllama-1.1b", "TinyLlama/TinyLlama_v1.1", 1_100.0, 2_048),
    unpinned("llama-3.2-1b", "meta-llama/Llama-3.2-1B", 1_235.8, 131_072),
];

const fn unpinned(
    name: &'static str,
    repository: &'static str,
    million_parameters: f64,
    context: usize,
) -> KnownModel {
    KnownModel { name, repository, revision: None, files: &[], million_parameters, context }
}

/// The model of this name, in any case of letters; its repository's name counts too.
pub fn known_model(name: &str) -> Option<&'static KnownModel> {
    KNOWN_MODELS.iter().find(|known| {
        known.name.eq_ignore_ascii_case(name) || known.repository.eq_ignore_ascii_case(name)
    })
}

/// A name and the revision behind an `@`, if there is one.
pub fn name_and_revision(text: &str) -> (&str, Option<&str>) {
    match text.split_once('@') {
        Some((name, revision)) => (name, Some(revision)),
        None => (text, None),
    }
}

/// Whether a revision is a commit, 40 hexadecimal digits in small letters, which never changes.
pub fn is_commit(revision: &str) -> bool {
    is_hex(revision, 40)
}

/// So many hexadecimal digits in small letters.
pub(super) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

//! `llmzip models ...`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::General;

#[derive(Debug, Subcommand)]
pub enum Models {
    /// List the models that are here, and those that have a name
    #[command(alias = "ls")]
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        general: General,
    },
    /// Download a model from the Hugging Face hub and quantise it
    #[command(aliases = ["download", "get", "fetch"])]
    Pull {
        /// A known name (see `list`) or OWNER/REPOSITORY, with @REVISION behind it if you like
        #[arg(value_name = "NAME")]
        name: String,
        /// The commit, branch or tag (default: the pinned commit, or the newest)
        #[arg(long, value_name = "REVISION")]
        revision: Option<String>,
        #[command(flatten)]
        making: Making,
        #[command(flatten)]
        general: General,
    },
    /// Quantise a Hugging Face directory, a GGUF file or an ONNX file
    Import {
        /// A directory with config.json, tokenizer.json and *.safetensors, a .gguf file, or an .onnx file with
        /// config.json and tokenizer.json beside it or one folder above
        #[arg(value_name = "DIR|FILE")]
        source: PathBuf,
        /// What to call it (default: the name of the directory or file)
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Write to this file (default: into the cache)
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        making: Making,
        #[command(flatten)]
        general: General,
    },
    /// Write a model as the Hugging Face directory that `import` makes it of, for training to go on from it
    Export {
        /// `builtin`, a name, the beginning of an identity, or a .llmw file
        #[arg(value_name = "MODEL")]
        model: String,
        /// The directory for config.json, model.safetensors (float32) and tokenizer.json; created where it is not there
        #[arg(value_name = "DIR")]
        dir: PathBuf,
        /// Replace these three where DIR has files; all others stay
        #[arg(short, long)]
        force: bool,
        #[command(flatten)]
        general: General,
    },
    /// Compute all hashes of a model and its known answer
    Verify {
        /// A name, the beginning of an identity, or a .llmw file; none is all that are here
        #[arg(value_name = "MODEL")]
        model: Option<String>,
        #[command(flatten)]
        general: General,
    },
    /// Delete a model from the cache
    #[command(aliases = ["rm", "delete"])]
    Remove {
        /// A name or the beginning of an identity
        #[arg(value_name = "MODEL")]
        model: String,
        #[command(flatten)]
        general: General,
    },
    /// Say what a model is
    Info {
        /// A name, the beginning of an identity, a .llmw file, or an .onnx file
        #[arg(value_name = "MODEL")]
        model: String,
        #[command(flatten)]
        general: General,
    },
    /// Measure what a model predicts of a text, beside the float model: what quantisation costs
    Check {
        /// A .gguf or .onnx file, a Hugging Face directory, a name, the beginning of an identity, or a .llmw file
        #[arg(value_name = "MODEL")]
        model: OsString,
        /// The text to predict; a short one of our own without it
        #[arg(value_name = "TEXT")]
        text: Option<PathBuf>,
        /// The Hugging Face directory, .gguf or .onnx file that a model of ours was made of
        #[arg(long, value_name = "DIR|FILE", alias = "source")]
        dir: Option<PathBuf>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        general: General,
    },
}

impl Models {
    /// Threads and talk, which every one of them has.
    pub fn general(&self) -> &General {
        match self {
            Models::List { general, .. }
            | Models::Pull { general, .. }
            | Models::Import { general, .. }
            | Models::Export { general, .. }
            | Models::Verify { general, .. }
            | Models::Remove { general, .. }
            | Models::Info { general, .. }
            | Models::Check { general, .. } => general,
        }
    }
}

/// How a model is made; all but the hash becomes part of its identity.
#[derive(Debug, Clone, Args)]
pub struct Making {
    /// Bits of a weight, 8 or 4 (the embedding and the output layer always have 8)
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = bits)]
    pub bits: u8,
    /// Choose 4-bit weights by what the model does on this text: slower to make, and closer to 8
    /// bits; some 50 kB of what will be compressed do
    #[arg(long, value_name = "FILE")]
    pub calibrate: Option<PathBuf>,
    /// Learn what the mixer begins with beside this model from texts like those that will be compressed; once for
    /// each file. 100 kB do; kept only if it is better on a part that is held back
    #[arg(long, value_name = "FILE")]
    pub learn: Vec<PathBuf>,
    /// Round 4-bit weights to the nearest, without looking for better steps
    #[arg(long, conflicts_with = "calibrate")]
    pub nearest: bool,
    /// Inputs that share a scale, a multiple of 64; 0 for whole rows (default: 64)
    #[arg(long, value_name = "N", value_parser = group)]
    pub group: Option<usize>,
    /// Keep weights within +-63, which is faster where there is nothing newer than AVX2
    #[arg(long)]
    pub narrow: bool,
    /// As the builtin is made, for models that were trained like it: whole rows of 8 bits within +-63, channels as they are
    #[arg(long, conflicts_with_all = ["bits", "calibrate", "nearest", "group", "narrow"])]
    pub like_builtin: bool,
    /// The window that the model has by default (default: what it was made for, at most 1024)
    #[arg(long, value_name = "N", value_parser = super::window_tokens)]
    pub window: Option<u32>,
    /// Refuse weights with another SHA-256; once for each weight file, in any order
    #[arg(long, value_name = "HEX")]
    pub verify_sha: Vec<String>,
    /// Replace what is there
    #[arg(short, long)]
    pub force: bool,
}

fn bits(text: &str) -> Result<u8, String> {
    match text {
        "8" => Ok(8),
        "4" => Ok(4),
        _ => Err("weights have 8 bits or 4".to_string()),
    }
}

fn group(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(group) if group % 64 == 0 && group <= 65_536 => Ok(group),
        _ => Err("a group is a multiple of 64, or 0".to_string()),
    }
}

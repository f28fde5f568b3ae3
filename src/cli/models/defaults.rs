//! What holds where no flag says otherwise: variables first, then a file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

/// Defaults of this machine or user.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    pub model: Option<OsString>,
    pub threads: Option<usize>,
    pub level: Option<u8>,
}

impl Defaults {
    /// Reads `LLMZIP_MODEL`, `LLMZIP_THREADS`, `LLMZIP_LEVEL`, `LLMZIP_DEVICE`, and `config.toml`.
    pub fn load() -> anyhow::Result<Defaults> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let mut defaults = match place(set) {
            Some(path) if path.is_file() => {
                let text = std::fs::read_to_string(&path).context(path.display().to_string())?;
                Defaults::parse(&text).context(path.display().to_string())?
            }
            _ => Defaults::default(),
        };
        if let Some(model) = set("LLMZIP_MODEL") {
            defaults.model = Some(model);
        }
        if let Some(threads) = set("LLMZIP_THREADS") {
            defaults.threads =
                Some(threads_of(&threads.to_string_lossy()).context("LLMZIP_THREADS")?);
        }
        if let Some(level) = set("LLMZIP_LEVEL") {
            defaults.level = Some(level_of(&level.to_string_lossy()).context("LLMZIP_LEVEL")?);
        }
        if let Some(device) = set("LLMZIP_DEVICE") {
            check_device(&device.to_string_lossy()).context("LLMZIP_DEVICE")?;
        }
        Ok(defaults)
    }

    /// Lines of `key = value`, texts in double quotes, `#` before remarks: a part of TOML.
    fn parse(text: &str) -> anyhow::Result<Defaults> {
        let mut defaults = Defaults::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                bail!("line {number} is not `key = value`");
            };
            let (key, value) = (key.trim(), value.trim());
            let text = value.strip_prefix('"').and_then(|rest| {
                let (text, after) = rest.split_once('"')?;
                let after = after.trim();
                (after.is_empty() || after.starts_with('#')).then_some(text)
            });
            let line = || format!("line {number}");
            let digits = value.split('#').next().unwrap_or_default().trim();
            match key {
                "model" => {
                    let model = text.context("a name in double quotes").with_context(line)?;
                    defaults.model = Some(model.into());
                }
                "threads" => {
                    defaults.threads = Some(threads_of(digits).with_context(line)?);
                }
                "level" => defaults.level = Some(level_of(digits).with_context(line)?),
                "device" => check_device(text.unwrap_or(value)).with_context(line)?,
                _ => bail!(
                    "line {number}: there is no setting {key:?}; model, level, threads and device are"
                ),
            }
        }
        Ok(defaults)
    }
}

fn threads_of(text: &str) -> anyhow::Result<usize> {
    match text.parse() {
        Ok(threads @ 0..=1024) => Ok(threads),
        _ => bail!("{text:?} is no number of threads (0 to 1024)"),
    }
}

fn level_of(text: &str) -> anyhow::Result<u8> {
    crate::cli::args::level(text).map_err(|reason| anyhow!("{text:?} is no level; {reason}"))
}

/// There is one device so far.
fn check_device(device: &str) -> anyhow::Result<()> {
    match device {
        "cpu" => Ok(()),
        _ => bail!("there is no device {device:?}; cpu is"),
    }
}

/// Where the file is: `LLMZIP_CONFIG`, or in the folder of settings.
fn place(set: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(path) = set("LLMZIP_CONFIG") {
        return Some(path.into());
    }
    let home = || set("HOME").map(|home| Path::new(&home).join(".config"));
    let dir = set("XDG_CONFIG_HOME").or(set("APPDATA")).map(PathBuf::from).or_else(home)?;
    Some(dir.join("llmzip").join("config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_keys_values_and_remarks() {
        let text = "# mine\nmodel = \"qwen3-0.6b\" # large\n\nthreads = 3 # few\ndevice = \"cpu\"\nlevel = 7\n";
        let read = Defaults::parse(text).unwrap();
        let model = Some("qwen3-0.6b".into());
        assert_eq!(read, Defaults { model, threads: Some(3), level: Some(7) });
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for text in [
            "\nmodel",
            "#\nthreads = many",
            "\ncolour = 1",
            "\nmodel = x",
            "\ndevice = \"gpu\"",
            "\nlevel = 10",
        ] {
            let error = Defaults::parse(text).unwrap_err();
            assert!(format!("{error:#}").contains("line 2"), "{text}: {error:#}");
        }
    }
}

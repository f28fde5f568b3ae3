//! The texts of `-h` and `--help` that are not about one flag.

/// What `-h` prints: one screen.
pub const BRIEF: &str = "\
Compress any file without loss by predicting it with a language model.

Usage: llmzip [OPTIONS] [FILE]...          make FILE.llmz of each FILE
       llmzip -d [OPTIONS] [FILE.llmz]...  get each FILE back
       llmzip COMMAND [OPTIONS] [FILE]...

  -1 to -9   from fast to small (default -5; -9 needs a model that you pull)
  -d         decompress
  -t         test: decode, compare all checksums, write nothing
  -l         list: say what is inside
  -c         write to standard output
  -o FILE    write to this file
  -r         take all files in the directories given
  -f         overwrite files
  -T N       use N threads (default: one a core)
  -q, -v     say less, say more
  --rm       remove the source once the result is safe

Commands: compress, decompress, test, info, cat, explain, bench, prime, models.
More: llmzip --help, llmzip help COMMAND
";

/// The levels, in the long help.
pub const LEVELS: &str = "\
Levels, with rough costs on one core:
  -1  light mixer, no model: about 1 MB/s in and out
  -2  full mixer, no model: some hundred kB/s
  -5  builtin model and the default mixer: tens of kB/s (default)
  -7  builtin model and the full mixer: somewhat slower
  -9  Qwen3-0.6B and the full mixer: about a hundred times slower than -5;
      the model must be on this machine, for the way back too
The numbers between mean the nearest of these: -3 is -2, -4 and -6 are -5,
-8 is -7.";

/// What else one should know, in the long help.
pub const NOTES: &str = "\
Exit status: 0 all is well, 1 an error, 2 only warnings (a file was skipped).
Without FILE, or where FILE is -, standard input is read and the result goes
to standard output. Source files are kept unless --rm is given. An unfinished
result is called .FILE.tmp-XXXXXX; only SIGKILL or a crash of the system can
leave one.
Called as unllmz, llmzip decompresses; called as llmzcat, it decompresses to
standard output.
LLMZIP_MODEL, LLMZIP_LEVEL and LLMZIP_THREADS, or `model = \"NAME\"`,
`level = N` and `threads = N` in llmzip/config.toml where the system keeps
settings, are used where no flag says otherwise. LLMZIP_CACHE is the folder of
models.";

/// What `--progress=json` writes.
pub const PROGRESS_JSON: &str = "\
Show how far the work is: auto (on a terminal), never, always, or json: one JSON object a line \
on standard error, four times a second, and one at the end of each file. Its fields: file, \
operation (compress, verify, decompress or test), plain_bytes (of the original, so far), \
plain_total (null where it is not known), stored_bytes (of the compressed file, so far), \
elapsed_s, left_s (null where it is not known), done (true in the last line of a file that went \
well)";

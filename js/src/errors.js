// Errors are classes with the kinds of the library; `kind` has the kind's name.

/** What everything here throws, beside the reason of an AbortSignal. */
export class LlmzipError extends Error {
  constructor(message, facts = {}) {
    super(message);
    this.name = new.target.name;
    this.kind = this.name.replace(/Error$/, '');
    Object.assign(this, facts);
  }
}

/** The input does not begin like anything llmzip writes. */
export class NotLlmzipError extends LlmzipError {}
/** The input ends too early; `what` is missing. */
export class TruncatedError extends LlmzipError {}
/** Some bytes are not the ones that were written; `what`, `group` and `bytes` say which, where that is known. */
export class DamagedError extends LlmzipError {}
/** Written by a later version, or with something this build does not have. */
export class UnsupportedError extends LlmzipError {}
/** The model that made the file is not here; `identity` has the beginning of its SHA-256. */
export class MissingModelError extends LlmzipError {}
/** An option or another input that the caller chose cannot be used. */
export class InvalidError extends LlmzipError {}
/** The file needs `neededBytes` of memory, more than `limitBytes`. */
export class MemoryError extends LlmzipError {}
/** The original is longer than `limitBytes`. */
export class TooLongError extends LlmzipError {}
/** This machine computes other numbers than the model was published with. */
export class InexactError extends LlmzipError {}
/** Reading or writing failed. */
export class IoError extends LlmzipError {}
/** The module or one of its files cannot be had, or has failed itself. */
export class InternalError extends LlmzipError {}

const CLASSES = {
  NotLlmzip: NotLlmzipError,
  Truncated: TruncatedError,
  Damaged: DamagedError,
  Unsupported: UnsupportedError,
  MissingModel: MissingModelError,
  Invalid: InvalidError,
  Memory: MemoryError,
  TooLong: TooLongError,
  Inexact: InexactError,
  Io: IoError,
  Internal: InternalError,
};

/** The error of a kind, as the module or a worker gives it. */
export function errorOf({ kind, message, ...facts }) {
  return new (CLASSES[kind] ?? InternalError)(message, facts);
}

/** What `errorOf` makes an error of again, on the other side of a worker. */
export function factsOf(error) {
  if (error instanceof LlmzipError) {
    const { name, kind, ...facts } = error;
    return { ...facts, kind, message: error.message };
  }
  return { kind: 'Internal', message: String(error?.message ?? error) };
}

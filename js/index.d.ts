/** How far the work is, in bytes of the original and of the compressed file. */
export interface Progress {
  plainBytes: number;
  storedBytes: number;
}

export interface Watched {
  /** Called as the work goes on; what it throws ends the work. */
  onProgress?: (progress: Progress) => void;
  /** Ends the work with its reason. On the calling thread it is looked at when there is progress. */
  signal?: AbortSignal;
}

export interface CompressOptions extends Watched {
  /** 1 (fast, no model) to 8; 5 unless given. As on the command line; 9 needs a model that is not here. */
  level?: number;
  /** Lanes of a group; 0 leaves it to the length. */
  lanes?: number;
  /** Tokens that the model sees at most; 0 for the model's own window. */
  window?: number;
  /** Bytes of the original in a group: a power of two from 1 KiB to 1 GiB. */
  groupBytes?: number;
  /** Whole hashes and an index for small inputs, too. */
  fullHashes?: boolean;
  /** Decode every group and compare before it is given. */
  verify?: boolean;
}

export interface DecompressOptions extends Watched {
  /** An original that is longer is refused. */
  maxOutput?: number;
  /** Bytes of memory that decoding may take; 1 GiB unless given. */
  memoryLimit?: number;
}

export interface CompressStreamOptions extends CompressOptions {
  /** Bytes of the original that become a frame of their own; 16 MiB unless given. */
  frameBytes?: number;
}

export interface GroupInfo {
  method: string;
  offset: number;
  plain_bytes: number;
  payload_bytes: number;
  check: string;
}

export interface SettingsInfo {
  from_group: number;
  exact_version: number | null;
  model_id: string | null;
  model_name: string | null;
  params: Record<string, unknown>;
}

/** A frame, as `llmzip -l --json` shows it. */
export interface FrameInfo {
  form: string;
  offset: number;
  stored_bytes: number;
  plain_bytes: number;
  format_version: number;
  group_bytes: number | null;
  model_id: string | null;
  model_name: string | null;
  settings: SettingsInfo[];
  groups: GroupInfo[];
  sha256: string | null;
}

/** Tokens in order: the bytes of each, and the bits that the model alone would spend on it. */
export interface TokenBits {
  lengths: Uint32Array;
  bits: Float32Array;
}

/** Bytes, or where they are. */
export type Source = string | URL | Uint8Array | ArrayBuffer;

export interface LoadOptions {
  /** The module in the place of the package's own. */
  wasm?: Source;
  /** The file of the builtin model in the place of the package's own. */
  model?: Source;
  /** Whether the module with simd128 is taken; where it runs, unless given. */
  simd?: boolean;
}

interface Calls {
  compress(bytes: Uint8Array, options?: CompressOptions): Promise<Uint8Array>;
  decompress(bytes: Uint8Array, options?: DecompressOptions): Promise<Uint8Array>;
  /** What a file says about itself, nothing decoded. */
  info(bytes: Uint8Array): Promise<FrameInfo[]>;
  bitsPerToken(bytes: Uint8Array): Promise<TokenBits>;
  /** The SHA-256 identity of the model, in hexadecimal digits. */
  modelId(): Promise<string>;
  /** The hash of the numbers that the model gives here for a fixed text, to be compared with other machines'. */
  knownAnswer(): Promise<string>;
  /** Compares the fast functions with the plain ones here: what differs first, or null. */
  selfCheck(): Promise<string | null>;
  /** Holds one piece of `frameBytes` in memory; more than one become frames of their own. */
  compressStream(options?: CompressStreamOptions): TransformStream<Uint8Array, Uint8Array>;
  /** Holds one frame in memory: a file of the command line is one. */
  decompressStream(options?: DecompressOptions): TransformStream<Uint8Array, Uint8Array>;
}

/** Works on the calling thread, which waits: use a worker for more than some kilobytes. */
export class Llmzip implements Calls {
  private constructor();
  /** `simd128` or `scalar`. */
  readonly isa: string;
  compress: Calls['compress'];
  decompress: Calls['decompress'];
  info: Calls['info'];
  bitsPerToken: Calls['bitsPerToken'];
  modelId: Calls['modelId'];
  knownAnswer: Calls['knownAnswer'];
  selfCheck: Calls['selfCheck'];
  compressStream: Calls['compressStream'];
  decompressStream: Calls['decompressStream'];
  /** The bytes of whole frames at the beginning of a file. */
  wholeFrames(bytes: Uint8Array): number;
}

/** Works in a worker of its own, one call after the other; several of them work at the same time. */
export class LlmzipWorker implements Calls {
  constructor(options?: Omit<LoadOptions, 'wasm' | 'model'> & { wasm?: string | Uint8Array; model?: string | Uint8Array });
  compress: Calls['compress'];
  decompress: Calls['decompress'];
  info: Calls['info'];
  bitsPerToken: Calls['bitsPerToken'];
  modelId: Calls['modelId'];
  knownAnswer: Calls['knownAnswer'];
  selfCheck: Calls['selfCheck'];
  compressStream: Calls['compressStream'];
  decompressStream: Calls['decompressStream'];
  wholeFrames(bytes: Uint8Array): Promise<number>;
  /** Ends the worker; calls that wait fail. */
  close(): void;
}

/** Loads the module; the model is loaded when it is first needed. */
export function load(options?: LoadOptions): Promise<Llmzip>;
/** Whether this machine runs the module with simd128. */
export function hasSimd128(): boolean;

export const compress: Calls['compress'];
export const decompress: Calls['decompress'];
export const info: Calls['info'];
export const bitsPerToken: Calls['bitsPerToken'];
export const compressStream: Calls['compressStream'];
export const decompressStream: Calls['decompressStream'];

export type Kind =
  | 'NotLlmzip'
  | 'Truncated'
  | 'Damaged'
  | 'Unsupported'
  | 'MissingModel'
  | 'Invalid'
  | 'Memory'
  | 'TooLong'
  | 'Inexact'
  | 'Io'
  | 'Internal';

export class LlmzipError extends Error {
  readonly kind: Kind;
}
export class NotLlmzipError extends LlmzipError {}
export class TruncatedError extends LlmzipError {
  readonly what: string;
}
export class DamagedError extends LlmzipError {
  readonly what: string;
  /** Number of the group, where it is known. */
  readonly group: number | null;
  /** The first byte of the original that the group holds, and the first behind it. */
  readonly bytes: [number, number] | null;
}
export class UnsupportedError extends LlmzipError {
  readonly what: string;
}
export class MissingModelError extends LlmzipError {
  readonly identity: string;
}
export class InvalidError extends LlmzipError {
  readonly what: string;
}
export class MemoryError extends LlmzipError {
  readonly neededBytes?: number;
  readonly limitBytes?: number;
}
export class TooLongError extends LlmzipError {
  readonly limitBytes: number;
}
export class InexactError extends LlmzipError {
  readonly what: string;
}
export class IoError extends LlmzipError {}
export class InternalError extends LlmzipError {}

import fs from 'node:fs';
import { DicomError } from '../errors.ts';
import { copyTo } from './place.ts';
import { type CompiledModule, compileModule, instantiateModule } from './web-assembly.ts';

/** The functions of dcmjs-codecs' module that a JPEG decoder needs. A context is an address in its memory. */
interface NativeExports {
  memory: { readonly buffer: ArrayBuffer };
  _initialize(): void;
  CreateCodecsContext(): number;
  ReleaseCodecsContext(context: number): void;
  CreateDecoderParameters(): number;
  ReleaseDecoderParameters(parameters: number): void;
  SetConvertColorspaceToRgb(parameters: number, convert: number): void;
  SetColumns(context: number, value: number): void;
  SetRows(context: number, value: number): void;
  SetBitsAllocated(context: number, value: number): void;
  SetBitsStored(context: number, value: number): void;
  SetSamplesPerPixel(context: number, value: number): void;
  SetPixelRepresentation(context: number, value: number): void;
  SetPlanarConfiguration(context: number, value: number): void;
  SetPhotometricInterpretation(context: number, value: number): void;
  SetEncodedBufferSize(context: number, length: number): void;
  GetEncodedBuffer(context: number): number;
  DecodeJpeg(context: number, parameters: number): void;
  GetDecodedBuffer(context: number): number;
  GetDecodedBufferSize(context: number): number;
}

export interface JpegFrameFormat {
  rows: number;
  columns: number;
  samplesPerPixel: number;
  /** Of the codestream. */
  precision: number;
}

/** The module's numbers for photometric interpretations, in the order of its own table. */
const MONOCHROME2 = 1;
const RGB = 3;
const MEMORY_KEPT = 512 * 1024 * 1024;

/**
 * JPEG in all the processes of DICOM: baseline, extended (12 bits), lossless (2 to 16 bits, any predictor). The module
 * of the package dcmjs-codecs, driven directly: its own JavaScript shares one instance for ever, also after a failure.
 */
export class JpegCodec {
  readonly #compiled: CompiledModule;
  #native: NativeExports | undefined;

  private constructor(compiled: CompiledModule) {
    this.#compiled = compiled;
  }

  static async load(wasmPath: string): Promise<JpegCodec> {
    return new JpegCodec(await compileModule(await fs.promises.readFile(wasmPath)));
  }

  /**
   * @returns samples of 1 byte where precision is at most 8, else of 2, little endian, in `into` where that is large enough, else in a buffer of its own
   * @throws DicomError `pixel-data-damaged` for whatever goes wrong inside
   */
  decode(encoded: Uint8Array, format: JpegFrameFormat, into?: Uint8Array): Uint8Array {
    try {
      this.#native ??= this.#instantiate();
      const native = this.#native;
      const context = native.CreateCodecsContext();
      native.SetColumns(context, format.columns);
      native.SetRows(context, format.rows);
      native.SetBitsAllocated(context, format.precision > 8 ? 16 : 8);
      native.SetBitsStored(context, format.precision);
      native.SetSamplesPerPixel(context, format.samplesPerPixel);
      native.SetPixelRepresentation(context, 0);
      native.SetPlanarConfiguration(context, 0);
      native.SetPhotometricInterpretation(context, format.samplesPerPixel === 1 ? MONOCHROME2 : RGB);
      native.SetEncodedBufferSize(context, encoded.length);
      new Uint8Array(native.memory.buffer).set(encoded, native.GetEncodedBuffer(context));
      const parameters = native.CreateDecoderParameters();
      native.SetConvertColorspaceToRgb(parameters, 0);
      native.DecodeJpeg(context, parameters);
      native.ReleaseDecoderParameters(parameters);
      const start = native.GetDecodedBuffer(context);
      const length = native.GetDecodedBufferSize(context);
      const decoded = copyTo(new Uint8Array(native.memory.buffer, start, length), into);
      native.ReleaseCodecsContext(context);
      if (native.memory.buffer.byteLength > MEMORY_KEPT) this.#native = undefined;
      return decoded;
    } catch {
      this.#native = undefined;
      throw new DicomError('pixel-data-damaged', 'the codec failed');
    }
  }

  #instantiate(): NativeExports {
    const failed = (): never => {
      throw new Error('codec');
    };
    const nothing = (): number => 0;
    const native = (): NativeExports => instance.exports as unknown as NativeExports;
    const instance = instantiateModule(this.#compiled, {
      env: {
        onCodecsException: failed,
        onCodecsInfo: nothing,
        onCodecsTrace: nothing,
        emscripten_notify_memory_growth: nothing,
      },
      wasi_snapshot_preview1: {
        proc_exit: failed,
        clock_time_get: nothing,
        // 8: bad file descriptor. Messages of a codec may repeat what is in the file.
        fd_write: () => 8,
        fd_close: nothing,
        fd_seek: nothing,
        environ_sizes_get: (count: number, size: number) => {
          const view = new DataView(native().memory.buffer);
          view.setUint32(count, 0, true);
          view.setUint32(size, 0, true);
          return 0;
        },
        environ_get: nothing,
      },
    });
    native()._initialize();
    return native();
  }
}

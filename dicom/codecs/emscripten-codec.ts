import fs from 'node:fs';
import { DicomError } from '../errors.ts';
import { copyTo } from './place.ts';
import {
  type CompiledModule,
  compileModule,
  instantiateModule,
  type ModuleImports,
  type ModuleInstance,
} from './web-assembly.ts';

/** What the decoders of the @cornerstonejs packages have in common. */
export interface FrameDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  /** A view into the module's memory, gone after `delete`. */
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): FrameInfo;
  delete(): void;
}

export interface FrameInfo {
  width: number;
  height: number;
  bitsPerSample: number;
  componentCount: number;
  isSigned?: boolean;
}

export type DecoderName = 'J2KDecoder' | 'JpegLSDecoder' | 'HTJ2KDecoder';

type DecoderModule = { HEAPU8: Uint8Array } & { [name in DecoderName]?: new () => FrameDecoder };

interface ModuleOptions {
  instantiateWasm(
    imports: ModuleImports,
    done: (instance: ModuleInstance, module: CompiledModule) => void,
  ): Record<string, unknown>;
  print(): void;
  printErr(): void;
}

/** An Emscripten module's factory: it fills in the object that it is given. */
export type ModuleFactory = (options: ModuleOptions) => Promise<unknown>;

/** What one frame's decoding gave. */
export interface DecodedFrame {
  info: FrameInfo;
  /** A copy, in `into` where that is large enough. */
  bytes: Uint8Array;
}

/** A module that has grown past this is dropped, or one huge frame would hold its memory for good. */
const MEMORY_KEPT = 512 * 1024 * 1024;

/**
 * A WebAssembly codec that survives hostile input. An exception that runs through compiled code leaves its stack and
 * memory in an unknown state, so the instance is thrown away after each failure and a new one is made, synchronously,
 * from the compiled module (about 20 ms).
 */
export class EmscriptenCodec {
  readonly #factory: ModuleFactory;
  readonly #compiled: CompiledModule;
  readonly #decoderName: DecoderName;
  #module: DecoderModule | undefined;

  private constructor(factory: ModuleFactory, compiled: CompiledModule, decoderName: DecoderName) {
    this.#factory = factory;
    this.#compiled = compiled;
    this.#decoderName = decoderName;
  }

  static async load(
    factory: ModuleFactory,
    wasmPath: string,
    decoderName: DecoderName,
  ): Promise<EmscriptenCodec> {
    const compiled = await compileModule(await fs.promises.readFile(wasmPath));
    return new EmscriptenCodec(factory, compiled, decoderName);
  }

  /** @throws DicomError `pixel-data-damaged` for whatever goes wrong inside */
  decode(encoded: Uint8Array, into?: Uint8Array): DecodedFrame {
    try {
      this.#module ??= this.#instantiate();
      const module = this.#module;
      const Decoder = module[this.#decoderName];
      if (Decoder === undefined) throw new TypeError('the module has no such decoder');
      // A new decoder for each frame: one that fails quietly would still hold the pixels of the frame before.
      const decoder = new Decoder();
      decoder.getEncodedBuffer(encoded.length).set(encoded);
      decoder.decode();
      const info = decoder.getFrameInfo();
      const bytes = copyTo(decoder.getDecodedBuffer(), into);
      decoder.delete();
      if (module.HEAPU8.length > MEMORY_KEPT) this.#module = undefined;
      return { info, bytes };
    } catch {
      this.#module = undefined;
      throw new DicomError('pixel-data-damaged', 'the codec failed');
    }
  }

  #instantiate(): DecoderModule {
    const quiet = (): void => {};
    const options: ModuleOptions = {
      instantiateWasm: (imports, done) => {
        const instance = instantiateModule(this.#compiled, imports);
        done(instance, this.#compiled);
        return instance.exports;
      },
      // Messages of a codec may repeat what is in the file.
      print: quiet,
      printErr: quiet,
    };
    // With a synchronous `instantiateWasm` the object is complete before the promise is.
    this.#factory(options).catch(quiet);
    return options as unknown as DecoderModule;
  }
}

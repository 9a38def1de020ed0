/** A socket as a sequence of PDUs, and PDUs as a sequence of messages. Data sets are passed on piece by piece. */
import type { Socket } from 'node:net';
import { type DimseCommand, decodeCommand } from './command.ts';
import { DimseError } from './errors.ts';
import { decodeData, encodeData } from './pdu.ts';

/** What we tell others to send at most. */
export const MAX_PDU_BYTES = 128 * 1024;
/** Beyond this nothing is taken: an association request with every context there is has some 60 kB. */
const PDU_LIMIT = 1024 * 1024;
const COMMAND_LIMIT = 64 * 1024;
/** Type, reserved, length. PS3.8 section 9.3.1 */
const HEAD_BYTES = 6;

export interface Pdu {
  type: number;
  body: Buffer;
}

/**
 * PDUs as they come; a body is good until the next one is asked for, so that memory is used again. The time-out is the
 * socket's own.
 * @throws DimseError bad-pdu, aborted when the connection ends within a PDU, timed-out
 */
export async function* readPdus(socket: Socket): AsyncGenerator<Pdu> {
  let room = Buffer.allocUnsafeSlow(HEAD_BYTES + MAX_PDU_BYTES);
  let length = 0;
  let wanted = HEAD_BYTES;
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      for (let offset = 0; offset < chunk.length; ) {
        const taken = chunk.copy(room, length, offset, offset + wanted - length);
        offset += taken;
        length += taken;
        if (length < wanted) break;
        if (length === HEAD_BYTES) {
          const bodyLength = room.readUInt32BE(2);
          if (bodyLength > PDU_LIMIT) throw new DimseError('bad-pdu');
          wanted = HEAD_BYTES + bodyLength;
          if (wanted > room.length) room = Buffer.concat([room.subarray(0, HEAD_BYTES)], wanted);
          if (bodyLength > 0) continue;
        }
        yield { type: room[0]!, body: room.subarray(HEAD_BYTES, wanted) };
        length = 0;
        wanted = HEAD_BYTES;
      }
    }
  } catch (error) {
    if (error instanceof DimseError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !/^(E[A-Z]+|ERR_(SSL|TLS|STREAM|SOCKET)\w*)$/.test(code)) throw error;
    throw new DimseError('aborted');
  }
  if (length > 0) throw new DimseError('aborted');
}

/** Takes a data set. */
export interface DatasetSink {
  /** The chunk's memory is used again once this returns. */
  write(chunk: Buffer): void;
  /** May take its time: nothing more is read until then. */
  end(): void | Promise<void>;
  abort(): void;
}

/** Puts messages together from P-DATA. */
export class MessageReader {
  private readonly begin: (contextId: number, command: DimseCommand) => DatasetSink | Promise<void>;
  private command: Buffer[] = [];
  private commandBytes = 0;
  private sink: DatasetSink | null = null;

  /** @param begin told of every command; gives the sink of its data set where one follows */
  constructor(begin: (contextId: number, command: DimseCommand) => DatasetSink | Promise<void>) {
    this.begin = begin;
  }

  /** @throws DimseError bad-pdu, and whatever a sink throws */
  async take(body: Buffer): Promise<void> {
    for (const { contextId, isCommand, isLast, data } of decodeData(body)) {
      if (!isCommand) {
        if (this.sink === null) throw new DimseError('bad-pdu');
        this.sink.write(data);
        if (!isLast) continue;
        const { sink } = this;
        this.sink = null;
        await sink.end();
        continue;
      }
      this.commandBytes += data.length;
      if (this.sink !== null || this.commandBytes > COMMAND_LIMIT) throw new DimseError('bad-pdu');
      this.command.push(Buffer.from(data));
      if (!isLast) continue;
      const command = decodeCommand(Buffer.concat(this.command));
      this.command = [];
      this.commandBytes = 0;
      const begun = this.begin(contextId, command);
      if (command.hasDataset !== 'write' in begun) throw new DimseError('bad-pdu');
      if ('write' in begun) this.sink = begun;
      else await begun;
    }
  }

  /** Gives up a data set that is under way. */
  abort(): void {
    this.sink?.abort();
    this.sink = null;
  }
}

/** A data set that nobody wants. */
export const DISCARD: DatasetSink = { write() {}, end() {}, abort() {} };

/** Sends a command or a data set. Never waits: what is sent here is small. */
export function sendData(
  socket: Socket,
  contextId: number,
  isCommand: boolean,
  data: Uint8Array,
  maxPduBytes: number,
): void {
  for (const pdu of encodeData(contextId, isCommand, data, maxPduBytes)) socket.write(pdu);
}

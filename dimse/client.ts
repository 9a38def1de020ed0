/**
 * Asking a PACS, and giving to it: C-ECHO, C-FIND, C-GET, C-MOVE, C-STORE. One association for each operation.
 * PS3.4 annexes A to C
 */
import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import { IMPLEMENTATION } from '../dicom/implementation.ts';
import { COMMAND, type DimseCommand, encodeCommand, STATUS } from './command.ts';
import { DimseError } from './errors.ts';
import { encodeIdentifier, type Identifier } from './identifier.ts';
import { type DatasetSink, DISCARD, MAX_PDU_BYTES, MessageReader, readPdus, sendData } from './messages.ts';
import {
  decodeAssociateAccept,
  encodeAbort,
  encodeAssociateRequest,
  encodeRelease,
  PDU,
  type ProposedContext,
} from './pdu.ts';
import { type IncomingInstance, type InstanceSink, storeSink } from './receiver.ts';
import { PLAIN_SYNTAXES, STUDY_ROOT, storageContexts, VERIFICATION } from './storage.ts';

export interface DimsePeer {
  host: string;
  port: number;
  calledAeTitle: string;
  callingAeTitle: string;
  tls: { ca: string | null; cert: string | null; key: string | null; passphrase: string | null } | null;
  /** Without a sign of life for so long an operation fails. */
  timeoutMs: number;
}

/** What a C-GET or C-MOVE says at its end; some PACS say nothing, or count wrongly. */
export interface TransferCounts {
  completed: number | null;
  failed: number | null;
  warning: number | null;
}

/** @throws DimseError */
export async function echo(peer: DimsePeer, signal: AbortSignal): Promise<void> {
  await operate(peer, { sopClass: VERIFICATION, storage: false, signal }, (association) => {
    association.send({
      field: COMMAND.echoRequest,
      messageId: 1,
      hasDataset: false,
      sopClassUid: VERIFICATION,
    });
    return () => DISCARD;
  });
}

/**
 * Data sets of the answers, still encoded.
 * @throws DimseError failed when the last status is no success
 */
export async function find(
  peer: DimsePeer,
  identifier: Identifier,
  signal: AbortSignal,
): Promise<{ answers: Buffer[]; transferSyntaxUid: string }> {
  const answers: Buffer[] = [];
  let transferSyntaxUid = '';
  await operate(peer, { sopClass: STUDY_ROOT.find, storage: false, signal }, (association) => {
    ({ transferSyntaxUid } = association);
    const request = {
      field: COMMAND.findRequest,
      messageId: 1,
      hasDataset: true,
      sopClassUid: STUDY_ROOT.find,
    };
    association.send(request, encodeIdentifier(identifier, transferSyntaxUid));
    return (response) => {
      const chunks: Buffer[] = [];
      const isPending = response.status === STATUS.pending || response.status === STATUS.pendingWithWarning;
      return {
        // A copy: the chunk's memory is used again.
        write: (chunk) => void chunks.push(Buffer.from(chunk)),
        end() {
          if (isPending) answers.push(Buffer.concat(chunks));
        },
        abort() {},
      };
    };
  });
  return { answers, transferSyntaxUid };
}

/** Instances come back on the same association. @throws DimseError */
export function get(
  peer: DimsePeer,
  identifier: Identifier,
  openInstance: (instance: IncomingInstance) => InstanceSink,
  signal: AbortSignal,
): Promise<TransferCounts> {
  return operate(peer, { sopClass: STUDY_ROOT.get, storage: true, openInstance, signal }, (association) => {
    const request = {
      field: COMMAND.getRequest,
      messageId: 1,
      hasDataset: true,
      sopClassUid: STUDY_ROOT.get,
    };
    association.send(request, encodeIdentifier(identifier, association.transferSyntaxUid));
    return () => DISCARD;
  });
}

/** Instances go to the AE title `destination`, as the PACS knows it. @throws DimseError */
export function move(
  peer: DimsePeer,
  identifier: Identifier,
  destination: string,
  signal: AbortSignal,
): Promise<TransferCounts> {
  return operate(peer, { sopClass: STUDY_ROOT.move, storage: false, signal }, (association) => {
    const request = {
      field: COMMAND.moveRequest,
      messageId: 1,
      hasDataset: true,
      sopClassUid: STUDY_ROOT.move,
      moveDestination: destination,
    };
    association.send(request, encodeIdentifier(identifier, association.transferSyntaxUid));
    return () => DISCARD;
  });
}

/** An instance to give. */
export interface OutgoingInstance {
  sopClassUid: string;
  sopInstanceUid: string;
  /** The data set, without File Meta, in what the other side takes: explicit or implicit VR, little endian. */
  encode(transferSyntaxUid: string): Uint8Array;
}

/** Stores one instance. @throws DimseError `failed` when the other side does not take it */
export async function store(peer: DimsePeer, instance: OutgoingInstance, signal: AbortSignal): Promise<void> {
  const { sopClassUid, sopInstanceUid } = instance;
  await operate(peer, { sopClass: sopClassUid, storage: false, signal }, (association) => {
    const request = {
      field: COMMAND.storeRequest,
      messageId: 1,
      hasDataset: true,
      sopClassUid,
      sopInstanceUid,
    };
    association.send(request, instance.encode(association.transferSyntaxUid));
    return () => DISCARD;
  });
}

interface Association {
  /** Of the context of the operation's own SOP class. */
  transferSyntaxUid: string;
  send(command: DimseCommand, dataset?: Uint8Array): void;
}

interface Operation {
  sopClass: string;
  /** Whether instances come back. */
  storage: boolean;
  openInstance?: (instance: IncomingInstance) => InstanceSink;
  signal: AbortSignal;
}

const OWN_CONTEXT = 1;

/**
 * Opens an association, has one request sent, follows its responses to the last, and releases the association.
 * @param start sends the request; its answer takes the data sets of responses
 */
async function operate(
  peer: DimsePeer,
  operation: Operation,
  start: (association: Association) => (response: DimseCommand) => DatasetSink,
): Promise<TransferCounts> {
  const { signal } = operation;
  signal.throwIfAborted();
  const socket = await connect(peer);
  const stop = () => socket.destroy(new DimseError('aborted'));
  signal.addEventListener('abort', stop, { once: true });
  let last: DimseCommand | null = null;
  let contexts = new Map<number, { sopClass: string; transferSyntaxUid: string }>();
  let maxPduBytes = 0;
  let takeResponse: (response: DimseCommand) => DatasetSink = () => DISCARD;
  const messages = new MessageReader((contextId, command) => {
    if (command.field === COMMAND.storeRequest && operation.openInstance !== undefined) {
      const context = contexts.get(contextId);
      if (context === undefined) throw new DimseError('bad-pdu');
      const { openInstance } = operation;
      const { sopClassUid = context.sopClass, sopInstanceUid = '' } = command;
      const instance = { sopClassUid, sopInstanceUid, transferSyntaxUid: context.transferSyntaxUid };
      return storeSink(command, {
        sink: () => openInstance({ ...instance, callingAeTitle: peer.calledAeTitle }),
        answer: (response) => sendData(socket, contextId, true, encodeCommand(response), maxPduBytes),
      });
    }
    if ((command.field & COMMAND.response) === 0) throw new DimseError('bad-pdu');
    const isPending = command.status === STATUS.pending || command.status === STATUS.pendingWithWarning;
    if (!isPending) last = command;
    return command.hasDataset ? takeResponse(command) : Promise.resolve();
  });
  try {
    const proposed: ProposedContext[] = [
      { id: OWN_CONTEXT, abstractSyntax: operation.sopClass, transferSyntaxes: [...PLAIN_SYNTAXES] },
      ...(operation.storage ? storageContexts(OWN_CONTEXT + 2) : []),
    ];
    const storageClasses = new Set(proposed.slice(1).map(({ abstractSyntax }) => abstractSyntax));
    socket.write(
      encodeAssociateRequest(
        {
          calledAeTitle: peer.calledAeTitle,
          callingAeTitle: peer.callingAeTitle,
          contexts: proposed,
          maxPduBytes: MAX_PDU_BYTES,
          roles: [...storageClasses].map((abstractSyntax) => ({ abstractSyntax, scu: false, scp: true })),
        },
        IMPLEMENTATION,
      ),
    );
    let isReleasing = false;
    for await (const { type, body } of readPdus(socket)) {
      if (type === PDU.associateReject) throw new DimseError(body[1] === 2 ? 'unreachable' : 'rejected');
      if (type === PDU.abort) throw new DimseError('aborted');
      if (type === PDU.releaseResponse && isReleasing) break;
      if (type === PDU.associateAccept) {
        const accept = decodeAssociateAccept(body);
        ({ maxPduBytes } = accept);
        const classOf = new Map(proposed.map(({ id, abstractSyntax }) => [id, abstractSyntax]));
        contexts = new Map(
          accept.contexts
            .filter(({ result }) => result === 0)
            .map(({ id, transferSyntax }) => [
              id,
              { sopClass: classOf.get(id) ?? '', transferSyntaxUid: transferSyntax },
            ]),
        );
        const own = contexts.get(OWN_CONTEXT);
        if (own === undefined) throw new DimseError('no-context');
        takeResponse = start({
          transferSyntaxUid: own.transferSyntaxUid,
          send(command, dataset) {
            sendData(socket, OWN_CONTEXT, true, encodeCommand(command), maxPduBytes);
            if (dataset !== undefined) sendData(socket, OWN_CONTEXT, false, dataset, maxPduBytes);
          },
        });
        continue;
      }
      if (type !== PDU.data) throw new DimseError('bad-pdu');
      await messages.take(body);
      // Data sets of final responses (lists of what failed) have come with them, or are not waited for.
      if (last !== null && !isReleasing) {
        isReleasing = true;
        socket.write(encodeRelease(PDU.releaseRequest));
      }
    }
    return judge(last);
  } catch (error) {
    signal.throwIfAborted();
    // The answer was complete; how the association ends is of no matter.
    if (last !== null) return judge(last);
    if (!socket.destroyed) socket.write(encodeAbort());
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    messages.abort();
    socket.destroy();
  }
}

/** Warnings (0xB000: some instances failed) are told by counts; what came is there. */
function judge(last: DimseCommand | null): TransferCounts {
  if (last === null) throw new DimseError('aborted');
  const { status = 0, completed, failed, warning } = last;
  const isWarning =
    (status & 0xf000) === 0xb000 || status === 0x0001 || status === 0x0107 || status === 0x0116;
  if (status !== STATUS.success && !isWarning) throw new DimseError('failed', status);
  return { completed: completed ?? null, failed: failed ?? null, warning: warning ?? null };
}

async function connect(peer: DimsePeer): Promise<Socket> {
  const { host, port, timeoutMs } = peer;
  return new Promise((resolve, reject) => {
    const fail = () => reject(new DimseError('unreachable'));
    const optional = Object.entries(peer.tls ?? {}).filter(([, value]) => value !== null);
    const socket: Socket =
      peer.tls === null
        ? net.connect({ host, port })
        : tls.connect({
            host,
            port,
            servername: net.isIP(host) ? '' : host,
            ...Object.fromEntries(optional),
          });
    socket.once('error', fail);
    socket.setNoDelay(true);
    socket.setTimeout(timeoutMs, () => socket.destroy(new DimseError('timed-out')));
    socket.once(peer.tls === null ? 'connect' : 'secureConnect', () => {
      socket.off('error', fail);
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

/** A C-STORE and C-ECHO provider that passes on what comes, as it comes. PS3.4 annex B, PS3.7, PS3.8 */
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import tls from 'node:tls';
import { IMPLEMENTATION } from '../dicom/implementation.ts';
import { COMMAND, type DimseCommand, encodeCommand, responseTo, STATUS } from './command.ts';
import { DimseError } from './errors.ts';
import { type DatasetSink, DISCARD, MAX_PDU_BYTES, MessageReader, readPdus, sendData } from './messages.ts';
import {
  type AcceptedContext,
  type AssociateRequest,
  decodeAssociateRequest,
  encodeAbort,
  encodeAssociateAccept,
  encodeReject,
  encodeRelease,
  PDU,
} from './pdu.ts';
import { isStorageClass, isTransferSyntax, VERIFICATION } from './storage.ts';

/** An instance that is about to come. */
export interface IncomingInstance {
  sopClassUid: string;
  sopInstanceUid: string;
  transferSyntaxUid: string;
  callingAeTitle: string;
}

/** Takes the data set of an instance as it was sent; once `end` is through the sender is told that it is kept. */
export interface InstanceSink {
  /** The chunk's memory is used again once this returns. */
  write(chunk: Uint8Array): void;
  /** @returns whether it was kept; `refused` tells the sender that it will not be */
  end(): 'kept' | 'refused' | Promise<'kept' | 'refused'>;
  abort(): void;
}

export interface ReceiverOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  aeTitle: string;
  /** Calling AE titles that may send; null: all. */
  callingAeTitles: readonly string[] | null;
  /** Addresses that may connect; null: all. */
  peers: readonly string[] | null;
  /** PEM texts; null for none. With `ca` the other side needs a certificate of it. */
  tls: { cert: string; key: string; ca: string | null; passphrase: string | null } | null;
  maxAssociations: number;
  /** An association on which nothing comes for so long is ended. */
  idleMs: number;
  openInstance(instance: IncomingInstance): InstanceSink;
  /** Told of what went wrong with an association; `internal` where a sink failed. */
  onProblem?(code: DimseError['code'] | 'rejected' | 'internal'): void;
}

export interface Receiver {
  port: number;
  /** Associations under way. */
  associations(): number;
  /** Takes no new associations; ends those under way after `graceMs`. */
  close(graceMs?: number): Promise<void>;
}

/** PS3.8 table 9-21: rejected for good, by the service user. */
const REJECT = {
  calledAeTitle: [1, 1, 7],
  callingAeTitle: [1, 1, 3],
  busy: [2, 3, 2],
  noReason: [1, 1, 1],
} as const;

/** @throws the error of `listen` */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const open = new Set<Socket>();
  const serve = (socket: Socket) => {
    open.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => open.delete(socket));
    // The reader sees each error too; without a listener it would end the process.
    socket.on('error', () => {});
    socket.setTimeout(options.idleMs, () => socket.destroy(new DimseError('timed-out')));
    serveAssociation(socket, options, () => open.size > options.maxAssociations)
      .catch((error: unknown) => {
        options.onProblem?.(error instanceof DimseError ? error.code : 'internal');
        if (!socket.destroyed) socket.end(encodeAbort());
      })
      .finally(() => socket.destroySoon());
  };
  let server: Server;
  if (options.tls === null) server = net.createServer(serve);
  else {
    const { cert, key, ca, passphrase } = options.tls;
    server = tls.createServer(
      {
        cert,
        key,
        ...(passphrase === null ? {} : { passphrase }),
        ...(ca === null ? {} : { ca, requestCert: true, rejectUnauthorized: true }),
        handshakeTimeout: 30_000,
      },
      serve,
    );
    server.on('tlsClientError', () => options.onProblem?.('aborted'));
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port }, () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    associations: () => open.size,
    async close(graceMs = 0) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const timer = setTimeout(() => {
        for (const socket of open) socket.destroy();
      }, graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function serveAssociation(
  socket: Socket,
  options: ReceiverOptions,
  isBusy: () => boolean,
): Promise<void> {
  const { remoteAddress = '' } = socket;
  if (options.peers !== null && !options.peers.includes(remoteAddress.replace(/^::ffff:/, ''))) {
    options.onProblem?.('rejected');
    return;
  }
  let association: { request: AssociateRequest; contexts: Map<number, string> } | null = null;
  const messages = new MessageReader((contextId, command) => {
    if (association === null || !association.contexts.has(contextId)) throw new DimseError('bad-pdu');
    const { request } = association;
    const answer = (response: DimseCommand) =>
      sendData(socket, contextId, true, encodeCommand(response), request.maxPduBytes);
    if (command.field === COMMAND.storeRequest)
      return storeSink(command, {
        sink: () => openStore(command, request, association!.contexts.get(contextId)!, options),
        answer,
      });
    if ((command.field & COMMAND.response) === 0 && command.field !== COMMAND.cancelRequest)
      answer(
        responseTo(
          command,
          command.field === COMMAND.echoRequest ? STATUS.success : STATUS.unrecognizedOperation,
        ),
      );
    return command.hasDataset ? DISCARD : Promise.resolve();
  });
  try {
    for await (const { type, body } of readPdus(socket)) {
      if (type === PDU.associateRequest && association === null) {
        const request = decodeAssociateRequest(body);
        const reject = isBusy() ? REJECT.busy : rejectionOf(request, options);
        if (reject !== null) {
          options.onProblem?.('rejected');
          const [result, source, reason] = reject;
          socket.end(encodeReject(result, source, reason));
          return;
        }
        const contexts = request.contexts.map(acceptContext);
        association = {
          request,
          contexts: new Map(
            contexts
              .filter(({ result }) => result === 0)
              .map(({ id, transferSyntax }) => [id, transferSyntax]),
          ),
        };
        const accept = { ...request, contexts, roles: [], maxPduBytes: MAX_PDU_BYTES };
        socket.write(encodeAssociateAccept(accept, IMPLEMENTATION));
      } else if (type === PDU.data && association !== null) await messages.take(body);
      else if (type === PDU.releaseRequest) {
        socket.end(encodeRelease(PDU.releaseResponse));
        return;
      } else if (type === PDU.abort) throw new DimseError('aborted');
      else throw new DimseError('bad-pdu');
    }
  } finally {
    messages.abort();
  }
}

function rejectionOf(
  request: AssociateRequest,
  options: ReceiverOptions,
): readonly [number, number, number] | null {
  if (request.calledAeTitle !== options.aeTitle) return REJECT.calledAeTitle;
  const { callingAeTitles } = options;
  if (callingAeTitles !== null && !callingAeTitles.includes(request.callingAeTitle))
    return REJECT.callingAeTitle;
  return null;
}

/** The sender's first choice: it is the one in which it has the instances. */
function acceptContext(context: AssociateRequest['contexts'][number]): AcceptedContext {
  const { id, abstractSyntax, transferSyntaxes } = context;
  const isKnown = abstractSyntax === VERIFICATION || isStorageClass(abstractSyntax);
  const transferSyntax = transferSyntaxes.find(isTransferSyntax);
  // PS3.8 table 9-18: 3 abstract syntax, 4 transfer syntaxes not supported.
  if (!isKnown) return { id, result: 3, transferSyntax: transferSyntaxes[0] ?? '' };
  if (transferSyntax === undefined) return { id, result: 4, transferSyntax: transferSyntaxes[0] ?? '' };
  return { id, result: 0, transferSyntax };
}

function openStore(
  command: DimseCommand,
  request: AssociateRequest,
  transferSyntaxUid: string,
  options: ReceiverOptions,
): InstanceSink {
  return options.openInstance({
    sopClassUid: command.sopClassUid ?? '',
    sopInstanceUid: command.sopInstanceUid ?? '',
    transferSyntaxUid,
    callingAeTitle: request.callingAeTitle,
  });
}

/**
 * The data set of a C-STORE. A sink that fails costs the instance, not the association: the sender is told, and may
 * try again.
 */
export function storeSink(
  command: DimseCommand,
  { sink: open, answer }: { sink(): InstanceSink; answer(response: DimseCommand): void },
): DatasetSink {
  let sink: InstanceSink | null = null;
  const attempt = <Result>(work: () => Result): Result | null => {
    try {
      return work();
    } catch {
      sink?.abort();
      sink = null;
      return null;
    }
  };
  sink = attempt(open);
  return {
    write: (chunk) => void attempt(() => sink?.write(chunk)),
    abort: () => sink?.abort(),
    async end() {
      const kept = await Promise.resolve(attempt(() => sink?.end() ?? null)).catch(() => null);
      const status =
        kept === 'kept'
          ? STATUS.success
          : kept === 'refused'
            ? STATUS.cannotUnderstand
            : STATUS.outOfResources;
      answer(responseTo(command, status));
    },
  };
}

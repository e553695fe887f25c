/** Carries text both ways over one connection. */
export interface Channel {
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export interface ChannelEvents {
  onOpen(): void;
  onText(text: string): void;
  /** Called once, also where the connection never opened. Nothing follows. */
  onClose(code: number, reason: string): void;
}

export interface Transport {
  open(url: string, events: ChannelEvents): Channel;
}

/** What this environment opens WebSockets with; null where it has none. */
export function environmentTransport(): Transport | null {
  return globalThis.WebSocket ? webSocketTransport() : null;
}

/** The browser's WebSocket, or any with the same interface. */
export function webSocketTransport(
  Socket: typeof WebSocket | undefined = globalThis.WebSocket,
): Transport {
  return {
    open(url, events) {
      if (!Socket) throw new Error("This environment has no WebSocket; pass a transport.");
      const socket = new Socket(url);
      socket.onopen = () => events.onOpen();
      socket.onmessage = (event: MessageEvent) => {
        if (typeof event.data === "string") events.onText(event.data);
      };
      socket.onclose = (event: CloseEvent) => events.onClose(event.code, event.reason);
      return {
        send: (text) => socket.send(text),
        close: (code, reason) => socket.close(code, reason),
      };
    },
  };
}

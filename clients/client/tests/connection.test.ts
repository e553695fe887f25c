import { describe, expect, it, vi } from "vitest";
import { settle, setUp } from "./support.ts";

describe("connection", () => {
  it("gets a fresh ticket for each attempt", async () => {
    const { connect, transport, clock } = setUp();
    const first = await connect();
    first.drop();
    await clock.advance(1000);
    expect(transport.sockets.map((socket) => socket.url)).toEqual([
      "ws://server/api/ws/chat?ticket=t1",
      "ws://server/api/ws/chat?ticket=t2",
    ]);
  });

  it("says what is true at each step", async () => {
    const { client, connect, transport, clock } = setUp();
    const state = () => client.connection.get().state;
    expect(state()).toBe("disconnected");
    const release = client.connect();
    expect(state()).toBe("connecting");
    await settle();
    transport.last.accept();
    expect(state()).toBe("connected");
    transport.last.drop();
    expect(state()).toBe("reconnecting");
    expect(client.connection.get().retryAt).toBe(clock.now() + 1000);
    await clock.advance(1000);
    expect(state()).toBe("reconnecting");
    transport.last.accept();
    expect(state()).toBe("connected");
    release();
    await clock.advance(0);
    expect(state()).toBe("disconnected");
    void connect;
  });

  it("waits longer after each failure, and starts anew once the server has answered", async () => {
    const { client, connect, transport, clock } = setUp();
    (await connect()).drop();
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      const retryAt = client.connection.get().retryAt ?? 0;
      waits.push(retryAt - clock.now());
      await clock.advance(retryAt - clock.now());
      transport.last.drop();
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    await clock.advance(30_000);
    transport.last.accept();
    transport.last.drop();
    expect((client.connection.get().retryAt ?? 0) - clock.now()).toBe(30_000);
    await clock.advance(30_000);
    transport.last.accept();
    transport.last.deliver({ type: "pong", data: {} });
    transport.last.drop();
    expect((client.connection.get().retryAt ?? 0) - clock.now()).toBe(1000);
  });

  it("asks a person to sign in where the ticket is refused, and tries no more by itself", async () => {
    const { client, server, clock, transport } = setUp();
    server.failing = 401;
    client.connect();
    await clock.advance(120_000);
    expect(client.connection.get()).toMatchObject({
      state: "error",
      error: { code: "UNAUTHORIZED" },
      retryAt: null,
    });
    expect(server.requests.filter((line) => line.includes("ws-ticket"))).toHaveLength(1);
    server.failing = null;
    client.reconnect();
    await settle();
    transport.last.accept();
    expect(client.connection.get().state).toBe("connected");
  });

  it("drops a connection that no longer answers", async () => {
    const { client, connect, clock } = setUp();
    const socket = await connect();
    socket.deliver({ type: "pong", data: {} });
    await clock.advance(20_000);
    expect(socket.sent.at(-1)?.type).toBe("ping");
    socket.deliver({ type: "pong", data: {} });
    await clock.advance(20_000);
    expect(client.connection.get().state).toBe("connected");
    await clock.advance(10_000);
    expect(client.connection.get().state).toBe("reconnecting");
    expect(socket.closed).toBe(true);
  });

  it("tries at once when the network comes back", async () => {
    const { client, connect, transport, network, clock } = setUp();
    (await connect()).drop();
    network.emit("offline");
    expect(client.connection.get()).toMatchObject({ state: "reconnecting", online: false });
    network.emit("online");
    await settle();
    expect(transport.sockets).toHaveLength(2);
    transport.last.accept();
    expect(client.connection.get()).toMatchObject({ state: "connected", online: true });
    await clock.advance(0);
  });

  it("proves an open connection when the network is said to be gone", async () => {
    const { client, connect, network, clock } = setUp();
    const socket = await connect();
    socket.deliver({ type: "pong", data: {} });
    network.emit("offline");
    socket.deliver({ type: "pong", data: {} });
    await clock.advance(3000);
    expect(client.connection.get().state).toBe("connected");
    network.emit("offline");
    await clock.advance(3000);
    expect(client.connection.get().state).toBe("reconnecting");
  });

  it("stays up while a tree is taken down and put up again", async () => {
    const { client, clock, transport, network } = setUp();
    const first = client.connect();
    first();
    const second = client.connect();
    await clock.advance(0);
    expect(transport.sockets).toHaveLength(1);
    transport.last.accept();
    expect(client.connection.get().state).toBe("connected");
    second();
    second();
    await clock.advance(0);
    expect(client.connection.get().state).toBe("disconnected");
    expect(network.listeners).toBe(0);
  });

  it("ignores a frame that is not JSON", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { client, connect } = setUp();
    const socket = await connect();
    socket.deliverText("{oops");
    expect(client.connection.get().state).toBe("connected");
    expect(warn).toHaveBeenCalledOnce();
    warn.mockRestore();
  });
});

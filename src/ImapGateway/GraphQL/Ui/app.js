// GraphiQL on the gateway that serves it: subscriptions over a WebSocket, everything else by POST. The key is typed by whoever is here and is kept in this tab alone.
"use strict";
(() => {
  const endpoint = new URL("../graphql", document.baseURI);
  const stored = "imapgateway.key";
  const input = document.getElementById("key");
  const told = document.getElementById("told");
  const root = ReactDOM.createRoot(document.getElementById("graphiql"));
  const welcome = [
    "# What a key may see, and what happens there. Ctrl-Enter runs the operation at the cursor.",
    "query Accounts {",
    "  accounts { feedPosition nodes { id name state } }",
    "}",
    "",
    "subscription Changes {",
    "  allChanges { type accountId objectId ... on MessageAdded { message { subject from { name address } } } }",
    "}",
    "",
  ].join("\n");

  async function post(params, key) {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json, application/json;q=0.9", Authorization: `Bearer ${key}` },
      body: JSON.stringify(params),
    });
    return response.json();
  }

  async function* follow(params, key) {
    const waiting = [];
    let wake = () => {};
    const tell = event => {
      waiting.push(event);
      wake();
    };
    const address = new URL(endpoint);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address, "graphql-transport-ws");
    const say = message => socket.send(JSON.stringify(message));
    socket.onopen = () => say({ type: "connection_init", payload: { authorization: `Bearer ${key}` } });
    socket.onclose = event => tell({ type: "closed", code: event.code, reason: event.reason });
    socket.onmessage = event => {
      const message = JSON.parse(event.data);
      if (message.type === "connection_ack") {
        say({ id: "1", type: "subscribe", payload: params });
      } else if (message.type === "ping") {
        say({ type: "pong" });
      } else {
        tell(message);
      }
    };
    try {
      while (true) {
        while (waiting.length === 0) {
          await new Promise(resolve => (wake = resolve));
        }
        const event = waiting.shift();
        switch (event.type) {
          case "next":
            yield event.payload;
            break;
          case "error":
            yield { errors: event.payload };
            return;
          case "complete":
            return;
          case "closed":
            yield { errors: [{ message: `The connection is closed: ${event.code} ${event.reason}` }] };
            return;
        }
      }
    } finally {
      socket.onclose = null;
      socket.close(1000);
    }
  }

  // Until GraphiQL has the schema it names the operation that was there before the last edit.
  const named = ({ operationName, ...params }) =>
    new RegExp(`\\b(query|mutation|subscription)\\s+${operationName}\\b`).test(params.query) ? { ...params, operationName } : params;

  // A WebSocket answers whatever it is asked, so that a word too many does no harm.
  const send = (params, key) => (/\bsubscription\b/.test(params.query) ? follow(params, key) : post(params, key));

  function show(key) {
    told.textContent = key ? "" : "A key of the gateway is needed.";
    root.render(key && React.createElement(GraphiQL, {
      key,
      fetcher: params => send(named(params), key),
      defaultQuery: welcome,
      isHeadersEditorEnabled: false,
      shouldPersistHeaders: false,
      // What is asked of a mailbox tells of it: it is forgotten with the tab, like the key.
      storage: sessionStorage,
    }));
  }

  document.getElementById("access").addEventListener("submit", event => {
    event.preventDefault();
    sessionStorage.setItem(stored, input.value);
    show(input.value);
  });
  input.value = sessionStorage.getItem(stored) ?? "";
  show(input.value);
})();

using Microsoft.OpenApi;

namespace ImapGateway.OpenApi;

/// <summary>Describes the API as a whole in the OpenAPI document.</summary>
public static class About
{
    public static OpenApiInfo Info => new()
    {
        Title = "ImapGateway",
        Version = "1.0.0",
        Summary = "Any IMAP account as an HTTP API.",
        License = new OpenApiLicense { Name = "MIT", Identifier = "MIT" },
        Description =
            """
            Add an account, then list and read its mail.

            **Keys.** Every request carries `Authorization: Bearer <key>`. A key has scopes and can be limited to accounts; other accounts do not exist for it (404).

            **Strict input.** Unknown query parameters and unknown JSON members are a 400 that names them all. Answers may grow new members.

            **Ids** are opaque. Those of messages and mailboxes stay the same when a message is moved or a mailbox renamed. An id that was good and is gone answers 410.

            **Lists** are `{items, nextCursor}`. A page can be shorter than `limit`: only one without `nextCursor` is the last. The header `Link` with `rel="next"` says the same.

            **Dates** are UTC, as in `2026-05-31T13:45:00Z`.

            **Errors** are problem details (RFC 9457), whatever goes wrong: act on `code`, show `detail` to people, quote `traceId` to the operator.
            `errors` names each member (JSON pointer) or parameter at fault, `upstream` repeats what the mail server said. 429 and 503 carry `Retry-After`.

            **Reading** never marks a message as read.
            """.ReplaceLineEndings("\n"),
    };
}

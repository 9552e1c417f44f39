namespace ImapGateway.Mail;

/// <summary>The errors that API clients may get. Later versions may add codes: treat an unknown one by its HTTP status.</summary>
public enum ErrorCode
{
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    Conflict,
    Gone,
    PreconditionFailed,
    TooLarge,
    UnsupportedMediaType,
    RangeNotSatisfiable,
    Unprocessable,
    RateLimited,
    Internal,
    Unavailable,
    StorageCorrupt,

    // The following codes are for responses and failures of the mail server.
    AccountAuthFailed,
    AccountBusy,
    AccountThrottled,
    AccountLimit,
    AccountDenied,
    AccountQuota,
    AccountMailboxLimit,
    AccountProtocol,
    AccountUnavailable,
    AccountSuspected,
    AccountTimeout,
    AccountPlaintextRefused,

    // The following codes are for problems of the account in the gateway.
    AccountCredentialUnreadable,
    AccountDamaged,
}

public static class ErrorCodes
{
    /// <summary>Returns the code on the wire, the HTTP status of the answer, and a title for a human reader.</summary>
    public static (string Name, int Status, string Title) Describe(this ErrorCode code) => code switch
    {
        ErrorCode.BadRequest => ("bad_request", 400, "The request is malformed"),
        ErrorCode.Unauthorized => ("unauthorized", 401, "A valid key is required"),
        ErrorCode.Forbidden => ("forbidden", 403, "The key does not allow this"),
        ErrorCode.NotFound => ("not_found", 404, "There is no such resource"),
        ErrorCode.MethodNotAllowed => ("method_not_allowed", 405, "The resource does not support this method"),
        ErrorCode.NotAcceptable => ("not_acceptable", 406, "None of the accepted media types can be produced"),
        ErrorCode.Conflict => ("conflict", 409, "The request conflicts with the present state"),
        ErrorCode.Gone => ("gone", 410, "The resource existed and is gone"),
        ErrorCode.PreconditionFailed => ("precondition_failed", 412, "A precondition does not hold"),
        ErrorCode.TooLarge => ("too_large", 413, "The request is too large"),
        ErrorCode.UnsupportedMediaType => ("unsupported_media_type", 415, "The media type of the request is not supported"),
        ErrorCode.RangeNotSatisfiable => ("range_not_satisfiable", 416, "The range lies outside the content"),
        ErrorCode.Unprocessable => ("unprocessable", 422, "The request is well formed but cannot be done"),
        ErrorCode.RateLimited => ("rate_limited", 429, "Too many requests"),
        ErrorCode.Unavailable => ("unavailable", 503, "The gateway cannot answer now"),
        ErrorCode.StorageCorrupt => ("storage_corrupt", 503, "The database is damaged"),
        ErrorCode.AccountAuthFailed => ("account.auth_failed", 424, "The mail server refused the credentials"),
        ErrorCode.AccountBusy => ("account.busy", 429, "All connections of the account are in use"),
        ErrorCode.AccountThrottled => ("account.throttled", 429, "The mail server throttles the account"),
        ErrorCode.AccountLimit => ("account.limit", 429, "The mail server allows no more connections"),
        ErrorCode.AccountDenied => ("account.denied", 403, "The mail server denied the operation"),
        ErrorCode.AccountQuota => ("account.quota", 507, "The account is over its quota"),
        ErrorCode.AccountMailboxLimit => ("account.mailbox_limit", 409, "The account has more mailboxes than the gateway takes"),
        ErrorCode.AccountProtocol => ("account.protocol", 502, "The mail server broke the protocol"),
        ErrorCode.AccountUnavailable => ("account.unavailable", 503, "The mail server cannot be reached"),
        ErrorCode.AccountSuspected => ("account.suspected", 503, "Opening the account has ended the gateway"),
        ErrorCode.AccountTimeout => ("account.timeout", 504, "The mail server did not answer in time"),
        ErrorCode.AccountPlaintextRefused => ("account.plaintext_refused", 422, "The mail server would be used without encryption"),
        ErrorCode.AccountCredentialUnreadable => ("account.credential_unreadable", 503, "The stored credentials cannot be decrypted"),
        ErrorCode.AccountDamaged => ("account.damaged", 503, "What is stored of the account is damaged"),
        _ => ("internal", 500, "The gateway failed"),
    };
}

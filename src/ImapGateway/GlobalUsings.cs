// Orleans has a public ErrorCode of its own.
global using ErrorCode = ImapGateway.Mail.ErrorCode;

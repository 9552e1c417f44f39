using ImapGateway.Accounts;
using ImapGateway.Cache;
using ImapGateway.Egress;
using ImapGateway.Http;
using ImapGateway.Imap;
using ImapGateway.Mailboxes;
using ImapGateway.Messages;
using ImapGateway.Settings;
using ImapGateway.Storage;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.AddStorage();             // SQLite
builder.AddEgress();              // which addresses we may connect to
builder.AddHttp();                // problem details, scopes, CORS
builder.AddImap();                // sessions, pool, capabilities
builder.AddHeaderCache();         // memory
builder.AddAccounts();            // Orleans, AccountGrain

builder.Services.AddSingleton<IKeyLookup, NoKeys>();
var app = builder.Build();
app.UseHttp();
app.MapHealth();
var v1 = app.MapGroup("/v1").RequireKey();
v1.MapAccounts();
v1.MapMailboxes();
v1.MapMessages();
return await app.RunValidatedAsync();

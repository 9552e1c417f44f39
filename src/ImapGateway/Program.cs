using ImapGateway.Egress;
using ImapGateway.Settings;
using ImapGateway.Storage;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.AddStorage();             // SQLite
builder.AddEgress();              // which addresses we may connect to
var app = builder.Build();
return await app.RunValidatedAsync();

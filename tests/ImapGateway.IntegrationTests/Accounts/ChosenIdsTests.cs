using System.Net;
using ImapGateway.IntegrationTests.GraphQL;
using ImapGateway.IntegrationTests.Imap;

namespace ImapGateway.IntegrationTests.Accounts;

/// <summary>A client cannot choose an id of the gateway's own forms for an account.</summary>
public sealed class ChosenIdsTests(ImpatientGateway impatient) : IClassFixture<ImpatientGateway>
{
    [Theory]
    [InlineData("acc_k3v7q2mzp4x6a")]
    [InlineData("key_k3v7q2mzp4x6a")]
    [InlineData("wh_k3v7q2mzp4x6a")]
    [InlineData("m_q73hrxavb")]
    [InlineData("b_q73hrxavb")]
    [InlineData("e_q73hrxavb")]
    public async Task An_id_of_a_minted_form_is_422_over_REST_and_GraphQL(string id)
    {
        (await impatient.Api.Post("/v1/accounts?verify=false", new { id, email = "ann@example.com", imap = new { host = "127.0.0.1", password = "x" } })).Is(HttpStatusCode.UnprocessableEntity).IsProblem("unprocessable");
        var created = await impatient.Api.Data(
            "mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } errors { code path } } }",
            new { input = new { id, email = "ann@example.com", verify = false, imap = new { host = "127.0.0.1", password = "x" } } });
        Assert.Equal("unprocessable", created.At("createAccount.errors.0.code").GetString());
        (await impatient.Api.Get($"/v1/accounts/{id}")).Is(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task An_id_that_only_begins_like_one_can_be_chosen()
    {
        (await impatient.Api.Post("/v1/accounts?verify=false", new { id = "acc_customer", email = "ann@example.com", watch = "none", imap = new { host = "127.0.0.1", password = "x" } })).Is(HttpStatusCode.Created);
        (await impatient.Api.Get("/v1/accounts/acc_customer")).Is(HttpStatusCode.OK);
    }
}

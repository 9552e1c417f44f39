using System.Globalization;
using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace ImapGateway.Responses;

/// <summary>
/// The preconditions of a request (RFC 9110 section 13.1), and the parts of an entity tag that follow from the request. A handler takes it as a parameter and passes it
/// to where the state is known, so that what the client has already is neither read nor written. The opaque part of a tag is <c>state.variant</c>. If-Match holds if the
/// state is still the same, whichever representation of it the client has read; If-None-Match holds if the whole tag is the same.
/// </summary>
/// <param name="Variant">A digest of everything that makes two responses about the same state differ: the query, the rights of the key, the build of the gateway, and the epoch of the database, since
/// responses contain feed positions, which end with their epoch.</param>
/// <param name="Period">A part of the tags of lists alone, so that each of these tags ends; see <see cref="ListTagOptions"/>.</param>
/// <param name="Freshness">The freshness that Cache-Control asks for (RFC 9111 section 5.2.1): no-cache, and max-age=0 as browsers send it on reload, are answered with the mail server's present
/// state.</param>
/// <param name="Kept">The tag of a response that the gateway itself has cached (see <see cref="AnswerCache"/>).</param>
[GenerateSerializer, Immutable]
public sealed record Conditions(string Variant, string Period, string? IfMatch, string? IfNoneMatch, Freshness Freshness = Freshness.Known, string? Kept = null)
{
    private const string Any = "*";

    /// <summary>Identifies the build. Builds are deterministic: a response can only change if the build changes.</summary>
    private static readonly string Build = typeof(Conditions).Module.ModuleVersionId.ToString("N");

    public static Conditions None { get; } = new("", "", null, null);

    /// <summary>True if the client demands a certain state with If-Match, not only that the resource exists.</summary>
    public bool DemandsState => IfMatch is not (null or Any);

    /// <summary>The conditions for the response to a change, which always shows the new state.</summary>
    public Conditions Afterwards => this with { IfNoneMatch = null, Kept = null };

    public string Strong(string state) => EntityTags.Format($"{state}.{Variant}");

    public string Weak(string state) => EntityTags.Format($"{state}.{Variant}.{Period}", isWeak: true);

    /// <summary>True if the client has the representation with this tag, or the gateway has cached it. It need not be read then.</summary>
    public bool Has(string tag) => Kept == tag || IfNoneMatch is not null && (IfNoneMatch == tag || EntityTags.IsKnown(IfNoneMatch, tag));

    /// <summary>Checks the preconditions before anything is changed.</summary>
    /// <param name="state">The state of what is to be changed; null if it does not exist.</param>
    /// <exception cref="ProblemException">412 if a precondition fails.</exception>
    public void Demand(string? state)
    {
        if (!EntityTags.AllowsState(IfMatch, state))
        {
            throw Failed();
        }
        if (IfNoneMatch is not null && state is not null && EntityTags.AllowsState(IfNoneMatch, state))
        {
            throw new ProblemException(ErrorCode.PreconditionFailed, "If-None-Match names what is there.");
        }
    }

    /// <summary>Returns the problem of an If-Match that does not hold.</summary>
    public static ProblemException Failed() => new(ErrorCode.PreconditionFailed, "It was changed since it was read: If-Match names another state. Read it and try again.");

    public static ValueTask<Conditions?> BindAsync(HttpContext context)
    {
        var (request, services) = (context.Request, context.RequestServices);
        var caller = context.Features.Get<Caller>();
        var epoch = services.GetRequiredService<StoreEpoch>().Value;
        var period = services.GetRequiredService<IOptions<ListTagOptions>>().Value.PeriodAt(services.GetRequiredService<TimeProvider>().GetUtcNow());
        return ValueTask.FromResult<Conditions?>(new Conditions(
            EntityTags.Digest($"{Build} {epoch} {(int?)caller?.Scopes} {request.QueryString}"),
            period.ToString(CultureInfo.InvariantCulture),
            Text(request.Headers.IfMatch),
            Text(request.Headers.IfNoneMatch),
            AsksAnew(request) ? Freshness.Revalidated : Freshness.Known,
            context.Features.Get<AnswerSlot>()?.Kept?.Tag));
    }

    /// <summary>True if Cache-Control asks for the present state (RFC 9111 section 5.2.1).</summary>
    public static bool AsksAnew(HttpRequest request) =>
        request.Headers.CacheControl.Count > 0 && CacheControlHeaderValue.TryParse(request.Headers.CacheControl.ToString(), out var asked) && (asked.NoCache || asked.MaxAge == TimeSpan.Zero);

    private static string? Text(Microsoft.Extensions.Primitives.StringValues header) => header.Count == 0 ? null : header.ToString();
}

/// <summary>The longest time that the tag of a list is valid. A feed position in a list must not become older than the changes that the feed keeps.</summary>
public sealed class ListTagOptions
{
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Returns a number that is the same during one lifetime and never comes again.</summary>
    public long PeriodAt(DateTimeOffset now) => now.Ticks / Lifetime.Ticks;
}

using System.Globalization;
using ImapGateway.Access;
using ImapGateway.Mail;
using ImapGateway.Storage;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace ImapGateway.Responses;

/// <summary>
/// What a request demands of the state it is about (RFC 9110 section 13.1), and what of an entity tag follows from the request. A handler takes it as a parameter and hands
/// it to where the state is known, so that what the client has already is neither read nor written. The opaque part of a tag is <c>state.variant</c>: If-Match holds where the
/// state is still the same, whichever representation of it the client has read; If-None-Match where all is.
/// </summary>
/// <param name="Variant">Whatever makes two answers about the same state differ: the query, what the key may see, the build of the gateway, and the epoch of the database: feed positions stand in answers, and end with it.</param>
/// <param name="Period">A part of the tags of lists alone, so that each of them ends; see <see cref="ListTagOptions"/>.</param>
/// <param name="Freshness">What Cache-Control asks for (RFC 9111 section 5.2.1): no-cache, and max-age=0 as browsers send it on reload, are answered by the mail server's present state.</param>
/// <param name="Kept">The tag of an answer that the gateway itself has kept (see <see cref="AnswerCache"/>).</param>
[GenerateSerializer, Immutable]
public sealed record Conditions(string Variant, string Period, string? IfMatch, string? IfNoneMatch, Freshness Freshness = Freshness.Known, string? Kept = null)
{
    private const string Any = "*";

    /// <summary>A deterministic build: other answers are only made by another one.</summary>
    private static readonly string Build = typeof(Conditions).Module.ModuleVersionId.ToString("N");

    public static Conditions None { get; } = new("", "", null, null);

    /// <summary>A certain state is demanded, not only that there is any.</summary>
    public bool DemandsState => IfMatch is not (null or Any);

    /// <summary>For the answer to a change: it is always shown.</summary>
    public Conditions Afterwards => this with { IfNoneMatch = null, Kept = null };

    public string Strong(string state) => EntityTags.Format($"{state}.{Variant}");

    public string Weak(string state) => EntityTags.Format($"{state}.{Variant}.{Period}", isWeak: true);

    /// <summary>The client has the representation with this tag, or the gateway has kept it: it need not be read.</summary>
    public bool Has(string tag) => Kept == tag || IfNoneMatch is not null && (IfNoneMatch == tag || EntityTags.IsKnown(IfNoneMatch, tag));

    /// <summary>Before anything is changed.</summary>
    /// <param name="state">Of what is to be changed; null: there is nothing.</param>
    /// <exception cref="ProblemException">412.</exception>
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

    /// <summary>If-Match does not hold.</summary>
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

    /// <summary>Whether Cache-Control asks for what is so now (RFC 9111 section 5.2.1).</summary>
    public static bool AsksAnew(HttpRequest request) =>
        request.Headers.CacheControl.Count > 0 && CacheControlHeaderValue.TryParse(request.Headers.CacheControl.ToString(), out var asked) && (asked.NoCache || asked.MaxAge == TimeSpan.Zero);

    private static string? Text(Microsoft.Extensions.Primitives.StringValues header) => header.Count == 0 ? null : header.ToString();
}

/// <summary>How long the tag of a list holds at most: a feed position that stands in a list must not grow older than the feed remembers.</summary>
public sealed class ListTagOptions
{
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromDays(1);

    /// <summary>The same for one lifetime, and never again.</summary>
    public long PeriodAt(DateTimeOffset now) => now.Ticks / Lifetime.Ticks;
}

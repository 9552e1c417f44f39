namespace ImapGateway.Webhooks;

/// <summary>What a lane does next.</summary>
public enum LaneStepKind
{
    /// <summary>Until something happens, or until a time.</summary>
    Wait,
    Send,
    /// <summary>The item goes on by itself, and those behind it are held up no longer.</summary>
    SetApart,
    /// <summary>Nothing shows that the endpoint is alive: it is, and not the item, what fails.</summary>
    Suspect,
    /// <summary>The schedule is over, and all that could be tried was.</summary>
    GiveUp,
}

/// <param name="Item">What to send or to set apart.</param>
/// <param name="Until">Of a wait; null: for as long as nothing happens.</param>
/// <param name="IsProbe">The attempt that the endpoint's schedule counts.</param>
/// <param name="IsCandidate">An attempt that may show that the endpoint is alive, of which there are a few only.</param>
public readonly record struct LaneStep(LaneStepKind Kind, LaneItem? Item = null, DateTimeOffset? Until = null, bool IsProbe = false, bool IsCandidate = false);

/// <summary>The endpoint as one of its lanes sees it.</summary>
/// <param name="IsFailing">It takes nothing: one lane tries for all.</param>
/// <param name="LastSuccess">Of any of its lanes, at any node.</param>
/// <param name="IsProber">This lane is the one.</param>
/// <param name="NextProbeAt">By the schedule.</param>
/// <param name="IsExhausted">The schedule is over.</param>
/// <param name="Candidates">How many changes that were never tried may be tried beside the probes.</param>
public readonly record struct LaneHealth(bool IsFailing, DateTimeOffset? LastSuccess, bool IsProber = false, DateTimeOffset NextProbeAt = default, bool IsExhausted = false, int Candidates = 0);

using Pantry.Security;

namespace Pantry.Server.Jobs;

/// <summary>How far one target of a job has come. Guarded by its job's lock.</summary>
internal sealed class JobTarget(string identity, PublicKey? key, int place)
{
    public string Identity => identity;

    /// <summary>Its place among the job's targets, by which they take their turns.</summary>
    public int Place => place;

    /// <summary>The key that was approved when the order was given: who has the name later, with another key, is no target.</summary>
    public PublicKey? Key => key;

    /// <summary>Whether an earlier run of the server may have sent it the order.</summary>
    public bool MayHaveBegun { get; set; }

    public TargetState State { get; set; }

    /// <summary>Whether it is one of those that go first.</summary>
    public bool Canary { get; set; }

    public long SentAt { get; set; }

    /// <summary>Whether the order left for it: one whose turn came while it was away has had its turn, and no order.</summary>
    public bool WasSent { get; set; }

    public long LastSentAt { get; set; }

    public long AcceptedAt { get; set; }

    /// <summary>Since when the client is offline; zero where it is not.</summary>
    public long GoneAt { get; set; }

    public int Resends { get; set; }

    /// <summary>Whether it has ended without its own word.</summary>
    public bool EndedWithoutIt { get; set; }

    /// <summary>Whether it has spoken after that.</summary>
    public bool SpokeLate { get; set; }

    /// <summary>Whether its row is on the disk.</summary>
    public bool Written { get; set; }

    /// <summary>Whether it was sent the order and has not ended.</summary>
    public bool IsOpen => State is TargetState.Sent or TargetState.Accepted;
}

/// <summary>How far a target has come.</summary>
internal enum TargetState
{
    /// <summary>It waits for its turn, or for its client.</summary>
    Waiting,

    /// <summary>It was sent the order, and did not acknowledge it yet.</summary>
    Sent,

    /// <summary>It has acknowledged the order.</summary>
    Accepted,

    /// <summary>It has ended; its row is there, or is being written.</summary>
    Done,
}

/// <summary>A target that was sent the order and has not ended.</summary>
internal readonly record struct OpenTarget(string Identity, bool Accepted, long SentAt, long LastSentAt, long AcceptedAt, long GoneAt, int Resends);

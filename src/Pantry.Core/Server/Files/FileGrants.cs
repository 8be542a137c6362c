using Pantry.Files;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server.Jobs;
using Pantry.Storage;

namespace Pantry.Server.Files;

/// <summary>
/// Who may have and bring which tree. Nobody may anything by default: a client may fetch what a job that it is at work on names, or what it is granted for
/// what it is, and bring what such a job asks for; an operator may bring what it can order clients to fetch, and fetch what its own jobs have brought.
/// </summary>
internal sealed class FileGrants(JobDispatcher jobs, JobsAtWork atWork, JobDirectory directory, TrustStore trust, Authority authority, FileVault vault, ServerAudit audit)
{
    /// <summary>What else grants trees.</summary>
    public ITreeGrants? Others { get; set; }

    /// <exception cref="PantryException">The peer may not have it; that is audited.</exception>
    public void RequireRead(ServerSession session, ContentHash tree, string? job)
    {
        bool may = session.Role == Senders.Operator ? MayOperatorRead(session, tree, job) : Identity(session) is { } identity && MayClientRead(session.Key, identity, tree, job);
        if (!may)
            throw Refused(session, "TreeNotGranted", $"The tree {tree} is not granted to this peer. A client may fetch what an order or its application names for it, an operator what its own jobs have brought.");
    }

    /// <summary>Whether the peer may bring files at all, whatever they are.</summary>
    /// <exception cref="PantryException">It may not; that is audited.</exception>
    public void RequireMayBring(ServerSession session, string? job)
    {
        if (vault.IsFull)
            throw new PantryException(PantryErrorCode.LimitReached, "The server keeps as many lists of files as it may. The oldest are forgotten by and by; try again later.");
        if (session.Role != Senders.Operator)
            _ = Offer(session, job);
        else if (authority.FindBySessionKey(session.Key) is not { } by || !(MaySend(by) || Others?.MayBring(by) == true))
            throw Refused(session, "UploadNotGranted", $"The operator may not order {FileOrders.Receive} of any client, and so send no files. An administrator can give it a scope that has it.");
    }

    /// <exception cref="PantryException">The peer may not bring it; that is audited.</exception>
    public void RequireWrite(ServerSession session, FileTree tree, string? job)
    {
        RequireMayBring(session, job);
        if (session.Role != Senders.Operator && Offer(session, job) is { MaxBytes: { } most } && tree.Size > most)
            throw Refused(session, "UploadTooLarge", $"The files have {tree.Size:N0} bytes; the order allows {most:N0}. Send fewer, or order more with -MaxBytes.");
    }

    /// <summary>Whether the operator can order any client to fetch files.</summary>
    public static bool MaySend(OperatorEntry by) => Scopes.For(by.Scopes, FileOrders.Receive).Count > 0;

    /// <summary>Whether a job that has not ended names a tree.</summary>
    public bool IsWanted(TreeReason reason) => reason.Job is { } job
        ? jobs.Find(job) is { Ended: false }
        : jobs.All.Any(open => !open.Ended && open.Order.Statement.Command == FileOrders.Receive && FileOrders.ReadReceive(open.Order.Request.Arguments)?.Tree == reason.Tree);

    /// <summary>Name of who is behind a session; null where that is nobody any more.</summary>
    public string? NameOf(ServerSession session) => session.Role == Senders.Operator ? authority.FindBySessionKey(session.Key)?.Name : Identity(session);

    private OfferFilesArguments Offer(ServerSession session, string? job) =>
        Identity(session) is { } identity && job is not null && atWork.Find(session.Key, identity, job, FileOrders.Offer) is { } order && FileOrders.ReadOffer(order.Request.Arguments) is { } offer
            ? offer
            : throw Refused(session, "UploadNotGranted", "No order that this client is at work on asks for files.");

    private bool MayClientRead(PublicKey key, string identity, ContentHash tree, string? job) =>
        (job is not null && atWork.Find(key, identity, job, FileOrders.Receive) is { } order && FileOrders.ReadReceive(order.Request.Arguments)?.Tree == tree.ToString())
        || (job is not null && Others?.MayRead(key, identity, tree, job) == true)
        || Others?.MayRead(identity, tree) == true;

    private bool MayOperatorRead(ServerSession session, ContentHash tree, string? job)
    {
        if (authority.FindBySessionKey(session.Key) is not { } by)
            return false;
        if (job is null)
            return Others?.MayRead(by, tree) == true;
        // Says no where the job is another's.
        directory.Open(job, by, session.Address, nameof(ReadTree));
        return vault.Register.WasOffered(tree, job);
    }

    private string? Identity(ServerSession session) => trust.Find(session.Key) is { Status: KeyStatus.Approved } key ? key.Labels.Identity : null;

    private PantryException Refused(ServerSession session, string reason, string message)
    {
        audit.Refused(reason, session.Key, session.Address);
        return new PantryException(PantryErrorCode.OutOfScope, message);
    }
}

using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Provisioning.Reports;
using Pantry.Security;
using Pantry.Storage;

namespace Pantry.Server.Jobs;

/// <summary>What clients say of their orders, and what becomes of these when clients come and go.</summary>
internal sealed class JobAnswers(
    JobDispatcher jobs, JobStore store, OrderSender sender, ServerAudit audit, Action<LateReports> late, PantryOptions options, TimeProvider time)
{
    /// <summary>A client acknowledged an order; false where it is no target of the job.</summary>
    public bool Accept(string id, ClientRecord client)
    {
        if (jobs.Find(id) is not { } job)
            return true; // Long ended.
        if (!job.IsTarget(client.Identity, client.Key))
            return false;
        // What has ended without the client is not to be begun.
        if (!job.Progress.Accept(client.Identity, time.GetTimestamp()) && job.Progress.EndOf(client.Identity).EndedWithoutIt)
            sender.SendCancel(job, [client.Identity]);
        return true;
    }

    /// <summary>A client would carry an order out; false where it is no target of the job.</summary>
    public bool Prepared(string id, ClientRecord client)
    {
        if (jobs.Find(id) is not { } job)
            return true;
        if (!job.IsTarget(client.Identity, client.Key))
            return false;
        if (job.Prepared(client.Identity))
        {
            store.Note(job.Id, job.State);
            jobs.Advance(job);
        }

        return true;
    }

    /// <summary>A piece of what a client's command has written so far; false where the client is no target of the job.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="client">Whose it is.</param>
    /// <param name="stored">Called with the piece that the client is to keep at least.</param>
    public bool TakePiece(OutputPiece piece, byte[] bytes, ClientRecord client, Action<int> stored)
    {
        if (jobs.Find(piece.Job) is not { } job)
        {
            stored(piece.Sequence + 1); // Long ended.
            return true;
        }

        if (!job.IsTarget(client.Identity, client.Key) || job.Output is not { } output || job.PlaceOf(client.Identity) is not { } target)
            return false;
        // Left with the client, which sends it again: there is no room for it here.
        if (!store.HasRoomForPieces)
            return true;
        if (job.Progress.StateOf(client.Identity) == TargetState.Done)
        {
            stored(piece.Sequence + 1);
        }
        else if (output.TryTake(target, piece, bytes.Length))
        {
            var head = new PieceHead(target, piece.Sequence, piece.Stream, bytes.Length, time.GetUtcNow(), piece.More, piece.Truncated, piece.TextEncoding);
            store.AddPiece(job.Id, new NewPiece(head, piece.Place, bytes), written =>
            {
                if (written)
                    output.NoteStored(target, piece.Sequence + 1);
                stored(piece.Sequence + 1);
            });
        }
        else
        {
            stored(output.Wanted(target, piece));
        }

        return true;
    }

    /// <summary>A client's result; false where the client is no target of the job.</summary>
    /// <param name="result">The result.</param>
    /// <param name="bodies">Its output.</param>
    /// <param name="client">Whose it is.</param>
    /// <param name="stored">Called when the client need not send it again.</param>
    public bool Complete(Result result, IReadOnlyList<byte[]> bodies, ClientRecord client, Action stored)
    {
        if (bodies.Sum(body => (long)body.Length) > options.Wire.MaxResultBytes)
            (result, bodies) = (result with { Truncated = true, Format = BodyFormat.None }, []);
        if (jobs.Find(result.Job) is not { } job)
        {
            TakeReports(null, result, bodies, client, stored); // Long ended.
            return true;
        }

        if (!job.IsTarget(client.Identity, client.Key))
            return false;
        if (job.Progress.StateOf(client.Identity) == TargetState.Done)
        {
            TakeLate(job, result, bodies, client, stored);
            return true;
        }

        // Left with the client, which sends it again: there is no room for it here.
        if (!store.HasRoom)
            return true;
        // None at all would say that it is not its own word.
        TimeSpan roundTrip = job.Progress.SentAt(client.Identity) is { } sent ? time.GetElapsedTime(sent) : TimeSpan.Zero;
        if (job.TryEnd(client.Identity, result, bodies, roundTrip, itself: true) is { } row)
        {
            jobs.Write(job, row, stored);
            jobs.Advance(job);
        }

        return true;
    }

    /// <summary>A client went away. Where it said goodbye it will not answer any more; else it has some time to come back.</summary>
    public void ClientGone(ClientRecord client, string why, bool forGood)
    {
        foreach (Job job in Open(client.Identity, client.Key))
        {
            TargetState? state = job.Progress.StateOf(client.Identity);
            if (state == TargetState.Sent && job.Order.Request.Plan.Queue)
                job.TakeBack(client.Identity);
            else if (forGood && state is TargetState.Sent or TargetState.Accepted)
                jobs.End(job, client.Identity, CommandStatus.Offline, "WentOffline", $"The client went offline before it answered ({why}); last seen {client.LastSeen:u}.");
            else
                job.Progress.NoteGone(client.Identity, time.GetTimestamp());
        }
    }

    /// <summary>A client is back, or new: what waits for it goes to it now.</summary>
    /// <param name="client">The client.</param>
    /// <param name="restarted">Whether it is another run of it: what the last one did, its journal knows.</param>
    public void ClientReturned(ClientRecord client, bool restarted)
    {
        foreach (Job job in Open(client.Identity, client.Key))
        {
            string[] it = [client.Identity];
            TargetState? state = job.Progress.StateOf(client.Identity);
            job.Progress.NoteGone(client.Identity, 0);
            if (state is TargetState.Sent or TargetState.Accepted && job.CancelledAt != 0)
                sender.SendCancel(job, it);
            else if (state == TargetState.Sent || (state == TargetState.Accepted && (restarted || job.MayHaveBegun(client.Identity)) && !job.Halted))
                SendAgain(job, it);
            else if (state == TargetState.Waiting && job.State == PantryJobState.Preparing)
                sender.SendPrepare(job, it);
            else if (state == TargetState.Waiting)
                jobs.Advance(job);
        }
    }

    /// <summary>A client's key is trusted no more: what it would still say does not count. What waits for its turn ends when that comes.</summary>
    public void ClientDismissed(string identity, PublicKey key, string code, string why)
    {
        foreach (Job job in Open(identity, key).Where(job => job.Progress.SentAt(identity) is not null || job.Order.Request.Plan.Queue))
            jobs.End(job, identity, CommandStatus.Denied, code, why);
    }

    private void SendAgain(Job job, string[] identities)
    {
        job.Progress.NoteSent(identities);
        sender.Present(job, identities).ForEach(recipient => sender.SendDirectly(job, recipient));
    }

    private void TakeLate(Job job, Result result, IReadOnlyList<byte[]> bodies, ClientRecord client, Action stored)
    {
        if (job.Progress.TakeLateWord(client.Identity))
            audit.LateResult(client.Identity, client.Key, job.Id, result.Status);
        (bool written, bool endedWithoutIt) = job.Progress.EndOf(client.Identity);
        // While its row is being written, the client keeps it.
        if (!written)
            return;
        if (endedWithoutIt)
            TakeReports(job.Order.Commands, result, bodies, client, stored);
        else
            stored();
    }

    // The row stays as it was shown. But the history may say that the run was lost, and here is what came of it.
    private void TakeReports(OrderCommands? commands, Result result, IReadOnlyList<byte[]> bodies, ClientRecord client, Action stored)
    {
        if (ReportIntake.HasReports(commands, result.Format, bodies))
            late(new LateReports(client.Identity, client.Key, result.Job, bodies[Result.OutputBody], result.Status, IsNoted: commands is not null, stored));
        else
            stored();
    }

    private IEnumerable<Job> Open(string identity, PublicKey key) =>
        jobs.All.Where(job => !job.Ended && job.IsTarget(identity, key) && job.Progress.StateOf(identity) != TargetState.Done);
}

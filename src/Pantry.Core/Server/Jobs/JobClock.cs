using Pantry.Configuration;
using Pantry.Security;

namespace Pantry.Server.Jobs;

/// <summary>
/// Looks for what is overdue: sends again, or ends the target. Three clocks, each with its own name: delivery until the
/// order is acknowledged, run time from then on, validity for what has not been started.
/// </summary>
internal sealed class JobClock(JobDispatcher jobs, OrderSender sender, PantryOptions options, TimeProvider time)
{
    public void Sweep()
    {
        long now = time.GetTimestamp();
        var open = jobs.All.Where(job => !job.Ended).Select(job => (Job: job, Targets: job.Progress.OpenTargets())).ToList();
        int unanswered = open.Sum(of => of.Targets.Count(target => !target.Accepted));
        foreach ((Job job, IReadOnlyList<OpenTarget> targets) in open)
        {
            EndExpired(job);
            if (job.State == PantryJobState.Preparing)
                SweepPreparing(job, now);
            TimeSpan resendAfter = ResendAfter(job.Order.Request.Arguments.Length * (double)job.Targets.Count, unanswered, job.Order.Request.DeliveryTimeout, options);
            foreach (OpenTarget target in targets)
                Sweep(job, target, resendAfter, now);
            jobs.Advance(job);
        }
    }

    /// <summary>
    /// Large orders take time on the way, and many answers to be taken in: sent again too soon, orders would only be in
    /// their own way, and the more so the more there are.
    /// </summary>
    /// <param name="bytes">Bytes of arguments for all targets of the order.</param>
    /// <param name="unanswered">Targets of all jobs whose acknowledgement is waited for.</param>
    /// <param name="deliveryTimeout">What the order has for its way at most.</param>
    /// <param name="options">What a fleet is expected to do.</param>
    public static TimeSpan ResendAfter(double bytes, int unanswered, TimeSpan deliveryTimeout, PantryOptions options)
    {
        var onTheWay = TimeSpan.FromSeconds((bytes / options.ResendBytesPerSecond) + (unanswered / options.ResendAnswersPerSecond));
        TimeSpan latest = deliveryTimeout / 2;
        return options.ResendAfter + (onTheWay < latest ? onTheWay : latest);
    }

    private void EndExpired(Job job)
    {
        if (time.GetUtcNow() - job.Order.Statement.NotAfter <= options.ClockSkew)
            return;
        foreach (string begun in job.TakeBegun(time.GetTimestamp()))
        {
            foreach (Recipient there in sender.Present(job, [begun]).Where(recipient => recipient.Session is not null))
            {
                job.Progress.NoteGone(begun, 0);
                sender.SendDirectly(job, there);
            }
        }

        foreach (string waiting in job.TakeWaiting())
        {
            jobs.End(job, waiting, CommandStatus.Expired, nameof(OrderFault.OrderExpired),
                $"The order was good until {job.Order.Statement.NotAfter:u}, and it was not this client's turn, or it was not there, until then. Send it again, with a longer -ValidFor.");
        }
    }

    private void SweepPreparing(Job job, long now)
    {
        IReadOnlyList<string> unprepared = job.Unprepared();
        if (time.GetElapsedTime(job.TakenAt, now) > job.Order.Request.DeliveryTimeout)
        {
            foreach (string silent in unprepared)
            {
                jobs.End(job, silent, CommandStatus.Offline, "NotPrepared",
                    $"The client did not say within {job.Order.Request.DeliveryTimeout.TotalSeconds:0.#} s whether it is ready.");
            }
        }
        else if (job.IsPrepareDue(now, time, options.ResendAfter))
        {
            sender.SendPrepare(job, unprepared);
        }
    }

    private void Sweep(Job job, OpenTarget target, TimeSpan resendAfter, long now)
    {
        if (job.CancelledAt != 0)
            SweepCancelled(job, target, now);
        else if (target.Accepted)
            SweepAccepted(job, target, now);
        else if (time.GetElapsedTime(target.SentAt, now) > job.Order.Request.DeliveryTimeout)
            EndUndelivered(job, target);
        else if (time.GetElapsedTime(target.LastSentAt, now) > resendAfter * Math.Pow(2, target.Resends))
        {
            job.Progress.NoteResend(target.Identity, now);
            sender.Present(job, [target.Identity]).ForEach(recipient => sender.SendDirectly(job, recipient));
        }
    }

    private void SweepCancelled(Job job, OpenTarget target, long now)
    {
        if (time.GetElapsedTime(job.CancelledAt, now) > options.ResultGrace)
        {
            jobs.End(job, target.Identity, CommandStatus.Cancelled, "CancelNotConfirmed", "Cancelled; the client did not confirm that the command has stopped.");
        }
        else if (time.GetElapsedTime(target.LastSentAt, now) > options.ResendAfter)
        {
            // Nothing is started any more; the client is told again until it confirms.
            job.Progress.NoteResend(target.Identity, now);
            sender.SendCancel(job, [target.Identity]);
        }
    }

    private void SweepAccepted(Job job, OpenTarget target, long now)
    {
        if (time.GetElapsedTime(target.AcceptedAt, now) > job.Order.Timeout + options.ResultGrace)
        {
            jobs.End(job, target.Identity, CommandStatus.Lost, "NoResult",
                $"The client took the order and answers, but sent no result within {job.Order.Timeout + options.ResultGrace}. The command may have run.");
        }
        else if (target.GoneAt != 0 && time.GetElapsedTime(target.GoneAt, now) > (target.GoneAt == job.RestoredAt ? options.RestartGrace : options.ReturnGrace))
        {
            jobs.End(job, target.Identity, CommandStatus.Offline, "WentOffline",
                $"The client took the order, went offline and did not come back. The command may have run.");
        }
    }

    private void EndUndelivered(Job job, OpenTarget target)
    {
        if (job.Order.Request.Plan.Queue && job.TakeBack(target.Identity))
            return;
        jobs.End(job, target.Identity, CommandStatus.Offline, "NotDelivered",
            $"The client did not acknowledge the order within {job.Order.Request.DeliveryTimeout.TotalSeconds:0.#} s.");
    }
}

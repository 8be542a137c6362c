using Microsoft.Extensions.Logging;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Server.Jobs;

/// <summary>Sends what a job has to say: published once for all that hear, over the session to those that do not.</summary>
internal sealed class OrderSender(
    ClientRegistry registry, Authority authority, ServerCounters counters, Action<IEnumerable<Topic>, Message> publish, ILogger log)
{
    /// <summary>The clients that still hold the keys which the order was given for.</summary>
    public List<Recipient> Present(Job job, IEnumerable<string> identities) =>
        [.. registry.Refresh(identities).Where(recipient => job.IsTarget(recipient.Identity, recipient.Key))];

    /// <summary>Sends the order to clients whose turn it is.</summary>
    /// <param name="job">The job.</param>
    /// <param name="recipients">The clients.</param>
    /// <param name="whole">Whether these are all that the order is for, so that it need not name them.</param>
    public void Send(Job job, IReadOnlyList<Recipient> recipients, bool whole)
    {
        // Who has registered since the order was given takes no published one for its own.
        ILookup<bool, Recipient> hearing = recipients.Where(recipient => recipient.Session is not null)
            .ToLookup(recipient => recipient.HearsPublished && recipient.OrderNumber < job.Number);
        foreach (Recipient[] part in job.Order.Parts([.. hearing[true]]))
            Publish(job, part, onlyThese: !whole);
        foreach (Recipient recipient in hearing[false])
            SendDirectly(job, recipient);
    }

    public void SendDirectly(Job job, Recipient recipient)
    {
        if (recipient.Session is not { } session)
            return;
        counters.SentDirectly();
        log.LogDebug("Order {Job} goes to {Client} over its session.", job.Id, recipient.Identity);
        session.Post(ToOne(job, recipient));
    }

    /// <summary>Asks clients whether they would carry the order out.</summary>
    public void SendPrepare(Job job, IEnumerable<string> identities)
    {
        foreach (Recipient recipient in Present(job, identities))
        {
            Message order = ToOne(job, recipient);
            recipient.Session?.Post(order with { Kind = MessageKind.Prepare, Head = new Prepare(order.HeadAs<Order>()) });
        }
    }

    public void SendCancel(Job job, IEnumerable<string> identities)
    {
        foreach (Recipient recipient in Present(job, identities))
            recipient.Session?.Post(new Message(MessageKind.CancelOrder, new CancelOrder(job.Id)));
    }

    private Message ToOne(Job job, Recipient recipient) => job.Order.ToMessage([recipient], job.Number, direct: true, authority.Bundle.Serial, onlyThese: true);

    private void Publish(Job job, Recipient[] hearing, bool onlyThese)
    {
        // Some only: by their names, which brings it to no more applications than theirs.
        Target target = job.Order.IsListed || onlyThese ? Target.Clients(hearing.Select(recipient => recipient.Identity)) : job.Order.Request.Target;
        Message order = job.Order.ToMessage(hearing, job.Number, direct: false, authority.Bundle.Serial, onlyThese);
        publish(RoutePlan.Topics(target, [.. hearing.Select(recipient => recipient.Labels)]), order);
    }
}

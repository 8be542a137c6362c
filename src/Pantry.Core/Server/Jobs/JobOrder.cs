using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Server.Jobs;

/// <summary>A job's order as its operator signed it, checked, and cut into what goes to clients.</summary>
internal sealed class JobOrder
{
    /// <summary>Lists of targets that one message has room for, beside statement, arguments and secrets.</summary>
    public const int ListsPerMessage = 8;

    private readonly Dictionary<string, int> _places = new(Names.Comparer);
    private readonly byte[][] _lists;
    private readonly int _entryLength;

    public JobOrder(SignedJob request, OrderStatement statement, OperatorEntry by, string? from)
    {
        Request = request;
        Statement = statement;
        By = by;
        From = from;
        Commands = OrderCommands.Of(statement.Command, statement.Format, request.Arguments);
        _entryLength = statement.Target.EntryLength;
        _lists = _entryLength == 0 ? [] : [.. request.Entries.Chunk(_entryLength * TargetTags.ListLength)];
        for (int i = 0; i < request.Target.Identities.Count; i++)
            _places[request.Target.Identities[i]] = i;
    }

    public SignedJob Request { get; }

    public OrderStatement Statement { get; }

    /// <summary>Who gave it.</summary>
    public OperatorEntry By { get; }

    /// <summary>All that it runs; the operator's scopes must cover every one of them.</summary>
    public OrderCommands Commands { get; }

    /// <summary>Where it came from; null for the server itself.</summary>
    public string? From { get; }

    public TimeSpan Timeout => TimeSpan.FromSeconds(Statement.TimeoutSeconds);

    /// <summary>Whether the target is a list of identities.</summary>
    public bool IsListed => _lists.Length > 0;

    /// <summary>The recipients in groups whose lists fit into one message each.</summary>
    public IEnumerable<Recipient[]> Parts(IReadOnlyList<Recipient> recipients) => IsListed
        ? recipients.GroupBy(recipient => ListOf(recipient.Identity)).Chunk(ListsPerMessage).Select(part => part.SelectMany(list => list).ToArray())
        : recipients.Count > 0 ? [[.. recipients]] : [];

    /// <summary>The order for some recipients, as it is sent or published.</summary>
    /// <param name="recipients">For whom.</param>
    /// <param name="number">Position of the order.</param>
    /// <param name="direct">Whether over the session.</param>
    /// <param name="bundleSerial">Serial of the bundle in force.</param>
    /// <param name="onlyThese">Whether others who are targets too have to wait for their turn.</param>
    public Message ToMessage(IReadOnlyList<Recipient> recipients, long number, bool direct, long bundleSerial, bool onlyThese) => new(
        MessageKind.Order,
        new Order(
            Statement.Job, number, direct, Request.Order.Signature, bundleSerial,
            onlyThese ? [.. recipients.SelectMany(recipient => TargetTags.Tag(Statement.Job, recipient.Identity))] : null, Request.Plan.Live))
    {
        Bodies =
        [
            Request.Order.Statement, Request.Arguments, Request.Secrets,
            .. IsListed ? recipients.Select(recipient => ListOf(recipient.Identity)).Distinct().Order().Select(list => _lists[list]) : [],
        ],
    };

    /// <summary>Whether the entries are those of the identities, and the lists those that were signed.</summary>
    public bool ListsMatch()
    {
        int named = Request.Target.Identities.Count;
        if (Statement.Target.Lists.Count != _lists.Length || (named > 0 && _entryLength == 0) || (long)named * _entryLength != Request.Entries.Length
            || _places.Count != named)
        {
            return false;
        }

        for (int i = 0; i < _lists.Length; i++)
        {
            if (!TargetTags.Digest(_lists[i]).AsSpan().SequenceEqual(Statement.Target.Lists[i]))
                return false;
        }

        return Request.Target.Identities.Index().All(target => Request.Entries.AsSpan(target.Index * _entryLength, TargetTags.TagLength)
            .SequenceEqual(TargetTags.Tag(Statement.Job, target.Item)));
    }

    private int ListOf(string identity) => _places[identity] / TargetTags.ListLength;
}

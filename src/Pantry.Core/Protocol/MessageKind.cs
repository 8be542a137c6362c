namespace Pantry.Protocol;

/// <summary>What a message is. The numbers are the wire's and never change their meaning.</summary>
internal enum MessageKind : byte
{
    Fragment = 1,
    Refused = 2,
    Heartbeat = 3,
    HeartbeatReply = 4,
    Leave = 5,

    Register = 16,
    Registered = 17,
    Order = 18,
    Accepted = 19,
    Result = 20,
    ResultStored = 21,
    CancelOrder = 22,
    FactsReport = 23,

    Connect = 32,
    Connected = 33,
    ListClients = 34,
    ClientPage = 35,
    StartJob = 36,
    JobStarted = 37,
    Row = 38,
    RowsTaken = 39,
    JobEnded = 40,
    CancelJob = 41,
    AttachJob = 42,
    Enrol = 43,
    Enrolled = 44,
    Forget = 45,
    Forgotten = 46,
}

/// <summary>Who may send a message.</summary>
[Flags]
internal enum Senders
{
    None = 0,
    Server = 1,
    Client = 2,
    Operator = 4,
    Peers = Client | Operator,
}

internal static class MessageKinds
{
    /// <summary>Who may send the kind; <see cref="Senders.None"/> for a kind that does not exist.</summary>
    public static Senders MayBeSentBy(this MessageKind kind) => kind switch
    {
        MessageKind.Fragment or MessageKind.Leave or MessageKind.Heartbeat => Senders.Server | Senders.Peers,
        MessageKind.Refused or MessageKind.HeartbeatReply => Senders.Server,
        MessageKind.Register or MessageKind.Accepted or MessageKind.Result or MessageKind.FactsReport => Senders.Client,
        MessageKind.Registered or MessageKind.Order or MessageKind.ResultStored or MessageKind.CancelOrder => Senders.Server,
        MessageKind.Connect or MessageKind.ListClients or MessageKind.StartJob or MessageKind.RowsTaken
            or MessageKind.CancelJob or MessageKind.AttachJob or MessageKind.Enrol or MessageKind.Forget => Senders.Operator,
        MessageKind.Connected or MessageKind.ClientPage or MessageKind.JobStarted or MessageKind.Row
            or MessageKind.JobEnded or MessageKind.Enrolled or MessageKind.Forgotten => Senders.Server,
        _ => Senders.None,
    };
}

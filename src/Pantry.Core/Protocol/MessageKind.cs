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
    Redeem = 24,
    Redeemed = 25,
    TopicsChanged = 26,
    BundleChanged = 27,
    Prepare = 28,
    Prepared = 29,
    OutputPiece = 30,
    OutputStored = 31,

    Connect = 32,
    Connected = 33,
    ListClients = 34,
    ClientPage = 35,
    StartJob = 36,
    JobStarted = 37,
    Row = 38,
    RowsTaken = 39,
    JobEnded = 40,
    ControlJob = 41,
    AttachJob = 42,
    JobChanged = 43,
    ListJobs = 44,
    JobPage = 45,
    ListQueue = 46,
    QueuePage = 47,

    Enrol = 48,
    Enrolled = 49,
    CreateToken = 50,
    TokenCreated = 51,
    DecideClient = 52,
    ClientDecided = 53,
    ListOperators = 54,
    OperatorList = 55,
    AddOperator = 56,
    RevokeOperator = 57,
    PutBundle = 58,
    ListAudit = 59,
    AuditPage = 60,
    VerifyAudit = 61,
    AuditVerified = 62,
    ListEnrollments = 63,
    EnrollmentPage = 64,
    WithdrawEnrollment = 65,
    EnrollmentWithdrawn = 66,

    Unqueue = 72,
    Unqueued = 73,
    OpenJob = 74,
    JobOpened = 75,
    ReadRows = 76,
    RowsRead = 77,
    ReadOutput = 78,
    OutputRead = 79,

    WatchEvents = 80,
    EventsHappened = 81,
    StopWatching = 82,
    AwaitJobs = 83,

    OpenFiles = 96,
    FilesOpened = 97,
    ReadTree = 98,
    TreePart = 99,
    WriteTree = 100,
    TreeAccepted = 101,
    AskChunks = 102,
    ChunkRefused = 103,
    EndTransfer = 104,

    ListPackages = 106,
    PackagePage = 107,
    PublishPackage = 108,
    PackagePublished = 109,
    RemovePackage = 110,
    PackageRemoved = 111,
    VerifyPackages = 112,
    PackagesVerified = 113,

    ListApplications = 114,
    ApplicationPage = 115,
    ReadApplication = 116,
    ApplicationRead = 117,
    SaveApplication = 118,
    RemoveApplication = 119,
    ApplicationSaved = 120,

    PlanClients = 122,
    PlanPage = 123,
    ReadPlan = 124,
    PlanRead = 125,
    MakePlans = 126,
    PlansMade = 127,

    ListReports = 130,
    ReportPage = 131,
}

/// <summary>Who may send a message.</summary>
[Flags]
internal enum Senders
{
    None = 0,
    Server = 1,
    Client = 2,
    Operator = 4,

    /// <summary>A client whose key is not approved.</summary>
    Applicant = 8,

    /// <summary>Whoever holds the key of an enrolment.</summary>
    Enrollee = 16,

    Peers = Client | Operator | Applicant | Enrollee,
}

internal static class MessageKinds
{
    /// <summary>Who may send the kind; <see cref="Senders.None"/> for a kind that does not exist.</summary>
    public static Senders MayBeSentBy(this MessageKind kind) => kind switch
    {
        MessageKind.Fragment or MessageKind.Leave or MessageKind.Heartbeat => Senders.Server | Senders.Peers,
        MessageKind.Refused or MessageKind.HeartbeatReply => Senders.Server,
        MessageKind.Redeem => Senders.Enrollee,
        MessageKind.Register => Senders.Client | Senders.Applicant,
        MessageKind.Accepted or MessageKind.Prepared or MessageKind.OutputPiece or MessageKind.Result or MessageKind.FactsReport => Senders.Client,
        MessageKind.Redeemed or MessageKind.Registered or MessageKind.TopicsChanged or MessageKind.BundleChanged
            or MessageKind.Order or MessageKind.Prepare or MessageKind.ResultStored or MessageKind.OutputStored or MessageKind.CancelOrder => Senders.Server,
        MessageKind.Connect or MessageKind.ListClients or MessageKind.StartJob or MessageKind.RowsTaken
            or MessageKind.ControlJob or MessageKind.AttachJob or MessageKind.ListJobs or MessageKind.ListQueue or MessageKind.Unqueue
            or MessageKind.OpenJob or MessageKind.ReadRows or MessageKind.ReadOutput or MessageKind.WatchEvents or MessageKind.StopWatching or MessageKind.AwaitJobs => Senders.Operator,
        MessageKind.Connected or MessageKind.ClientPage or MessageKind.JobStarted or MessageKind.Row or MessageKind.JobEnded
            or MessageKind.JobChanged or MessageKind.JobPage or MessageKind.QueuePage or MessageKind.Unqueued
            or MessageKind.JobOpened or MessageKind.RowsRead or MessageKind.OutputRead or MessageKind.EventsHappened => Senders.Server,
        MessageKind.Enrol or MessageKind.CreateToken or MessageKind.DecideClient or MessageKind.ListOperators or MessageKind.AddOperator
            or MessageKind.RevokeOperator or MessageKind.PutBundle or MessageKind.ListAudit or MessageKind.VerifyAudit
            or MessageKind.ListEnrollments or MessageKind.WithdrawEnrollment => Senders.Operator,
        MessageKind.Enrolled or MessageKind.TokenCreated or MessageKind.ClientDecided or MessageKind.OperatorList
            or MessageKind.AuditPage or MessageKind.AuditVerified or MessageKind.EnrollmentPage or MessageKind.EnrollmentWithdrawn => Senders.Server,
        MessageKind.OpenFiles or MessageKind.ReadTree or MessageKind.WriteTree => Senders.Client | Senders.Operator,
        MessageKind.FilesOpened or MessageKind.TreePart or MessageKind.TreeAccepted => Senders.Server,
        MessageKind.AskChunks or MessageKind.ChunkRefused or MessageKind.EndTransfer => Senders.Server | Senders.Client | Senders.Operator,
        MessageKind.ListPackages or MessageKind.PublishPackage or MessageKind.RemovePackage or MessageKind.VerifyPackages or MessageKind.ListApplications
            or MessageKind.ReadApplication or MessageKind.SaveApplication or MessageKind.RemoveApplication or MessageKind.PlanClients or MessageKind.MakePlans
            or MessageKind.ListReports => Senders.Operator,
        MessageKind.PackagePage or MessageKind.PackagePublished or MessageKind.PackageRemoved or MessageKind.PackagesVerified or MessageKind.ApplicationPage
            or MessageKind.ApplicationRead or MessageKind.ApplicationSaved or MessageKind.PlanPage or MessageKind.PlansMade or MessageKind.PlanRead or MessageKind.ReportPage => Senders.Server,
        MessageKind.ReadPlan => Senders.Client,
        _ => Senders.None,
    };
}

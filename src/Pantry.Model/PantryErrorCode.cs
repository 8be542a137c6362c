namespace Pantry;

/// <summary>Stable names of errors; each is the first part of an ErrorId.</summary>
public enum PantryErrorCode
{
    /// <summary>A value is not what it must be.</summary>
    InvalidArgument,

    /// <summary>A name has characters or a length that names may not have.</summary>
    InvalidName,

    /// <summary>An address could not be understood or resolved.</summary>
    InvalidAddress,

    /// <summary>A key, or a fingerprint, is not written as one.</summary>
    InvalidKey,

    /// <summary>The key is not one that the server knows.</summary>
    KeyUnknown,

    /// <summary>An operator denied the key.</summary>
    KeyDenied,

    /// <summary>The key was revoked, or its time is over.</summary>
    KeyRevoked,

    /// <summary>The server's key, or the fleet's root key, is not the one that was expected.</summary>
    ServerKeyMismatch,

    /// <summary>An operator's scopes do not cover what was asked.</summary>
    OutOfScope,

    /// <summary>An order's or a bundle's signature does not stand.</summary>
    InvalidSignature,

    /// <summary>The clocks of two machines are further apart than is allowed.</summary>
    ClockSkew,

    /// <summary>The fleet's root key is not at the server.</summary>
    RootKeyOffline,

    /// <summary>The data under the root directory cannot be used.</summary>
    StorageFailed,

    /// <summary>Another process uses the directory.</summary>
    RootInUse,

    /// <summary>Something else listens on the port.</summary>
    PortInUse,

    /// <summary>A configuration file has an error.</summary>
    InvalidConfiguration,

    /// <summary>An enrolment has an error, or has expired.</summary>
    InvalidEnrollment,

    /// <summary>A file can be read by others than its owner, or is a link.</summary>
    InsecureFile,

    /// <summary>A list of files does not stand, or has an entry that may not be there.</summary>
    InvalidTree,

    /// <summary>What is stored or was sent is not what its hash says.</summary>
    ContentDamaged,

    /// <summary>A file changed while it was read.</summary>
    FileChanged,

    /// <summary>No file matches.</summary>
    NoMatchingFile,

    /// <summary>The server could not be reached in time.</summary>
    ServerUnreachable,

    /// <summary>What answers at the address is no Pantry server.</summary>
    NotAPantryServer,

    /// <summary>The other side speaks another version of the protocol.</summary>
    ProtocolVersionMismatch,

    /// <summary>Another client has the identity and answers.</summary>
    IdentityInUse,

    /// <summary>The link was lost while a request was under way.</summary>
    ConnectionLost,

    /// <summary>No answer came in time.</summary>
    TimedOut,

    /// <summary>The other side refused a message.</summary>
    Refused,

    /// <summary>There is no server or connection to use.</summary>
    NotConnected,

    /// <summary>The command line names no target.</summary>
    NoTarget,

    /// <summary>No known client belongs to the target.</summary>
    NoMatchingClient,

    /// <summary>There is no such operator.</summary>
    NoMatchingOperator,

    /// <summary>There is no such enrolment or token.</summary>
    NoMatchingEnrollment,

    /// <summary>There is no such job.</summary>
    NoMatchingJob,

    /// <summary>There is no such package, or not in that version.</summary>
    NoMatchingPackage,

    /// <summary>There is no such application, or it has no such revision.</summary>
    NoMatchingApplication,

    /// <summary>No choice of versions meets what all packages and the application need.</summary>
    PackageConflict,

    /// <summary>The version was published with other content, which never changes.</summary>
    PackageExists,

    /// <summary>An application uses the package.</summary>
    PackageInUse,

    /// <summary>There is an application of that name already.</summary>
    ApplicationExists,

    /// <summary>The application was changed since the revision that the change is based on.</summary>
    ApplicationChanged,

    /// <summary>A client's plan is another one than was signed; run it again.</summary>
    PlanChanged,

    /// <summary>The job has ended; nothing can be done with it any more.</summary>
    JobEnded,

    /// <summary>The audit log is not as it was written.</summary>
    AuditLogBroken,

    /// <summary>The message is larger than the protocol allows.</summary>
    MessageTooLarge,

    /// <summary>The thing was stopped and can't be used any more.</summary>
    Stopped,

    /// <summary>A bound was reached; the message says which.</summary>
    LimitReached,

    /// <summary>The other side does not offer what was asked.</summary>
    NotOffered,

    /// <summary>An error inside Pantry.</summary>
    InternalError,
}

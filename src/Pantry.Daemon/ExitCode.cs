namespace Pantry.Daemon;

/// <summary>What the program ends with; docs/operations.md has the table.</summary>
internal enum ExitCode
{
    /// <summary>All was done, on every target.</summary>
    Success = 0,

    /// <summary>Some target did not succeed.</summary>
    NotSucceeded = 1,

    /// <summary>The command line, a configuration file or an enrolment has an error.</summary>
    Usage = 2,

    /// <summary>The server could not be reached, is another one, or refused.</summary>
    Unreachable = 3,

    /// <summary>Nothing matches: no such client, job or enrolment.</summary>
    NotFound = 4,

    /// <summary>Something on this machine is in the way: a port, a directory, the disk, rights of a file.</summary>
    LocalFault = 5,

    /// <summary>A defect of Pantry.</summary>
    Internal = 70,

    /// <summary>Ctrl+C, or told to end before all was done.</summary>
    Interrupted = 130,

    /// <summary>Nobody reads standard output any more, and not all was written: what a shell says of a program that SIGPIPE ended.</summary>
    Unread = 141,
}

/// <summary>The exit code of an error.</summary>
internal static class ExitCodes
{
    public static ExitCode Of(PantryErrorCode code) => code switch
    {
        PantryErrorCode.InvalidArgument or PantryErrorCode.InvalidName or PantryErrorCode.InvalidAddress or PantryErrorCode.InvalidKey or PantryErrorCode.NoTarget
            or PantryErrorCode.InvalidConfiguration or PantryErrorCode.InvalidEnrollment or PantryErrorCode.MessageTooLarge => ExitCode.Usage,
        PantryErrorCode.NoMatchingClient or PantryErrorCode.NoMatchingJob or PantryErrorCode.NoMatchingEnrollment or PantryErrorCode.NoMatchingOperator
            or PantryErrorCode.NoMatchingFile or PantryErrorCode.NoMatchingPackage or PantryErrorCode.NoMatchingApplication or PantryErrorCode.JobEnded => ExitCode.NotFound,
        PantryErrorCode.PortInUse or PantryErrorCode.RootInUse or PantryErrorCode.StorageFailed or PantryErrorCode.InsecureFile => ExitCode.LocalFault,
        PantryErrorCode.InternalError => ExitCode.Internal,
        _ => ExitCode.Unreachable,
    };
}

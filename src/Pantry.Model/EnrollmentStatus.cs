namespace Pantry;

/// <summary>What has become of an enrolment or a token.</summary>
public enum EnrollmentStatus
{
    /// <summary>It can be used.</summary>
    Open,

    /// <summary>It has let a client in.</summary>
    Used,

    /// <summary>Its time was over before anybody used it.</summary>
    Expired,

    /// <summary>It was taken back before anybody used it.</summary>
    Withdrawn,

    /// <summary>The operator who made it may not administer the fleet any more, so it lets nobody in.</summary>
    Orphaned,
}

namespace Pantry;

/// <summary>An enrolment or a token named by its id or given as an object.</summary>
public sealed record EnrollmentReference
{
    /// <summary>Refers to one by its id.</summary>
    /// <param name="id">The id.</param>
    public EnrollmentReference(string id) => Id = id ?? "";

    /// <summary>Refers to an enrolment that was made.</summary>
    /// <param name="enrollment">The enrolment.</param>
    public EnrollmentReference(Enrollment enrollment) => Id = (enrollment ?? throw new ArgumentNullException(nameof(enrollment))).Id;

    /// <summary>Refers to a token that was made.</summary>
    /// <param name="token">The token.</param>
    public EnrollmentReference(EnrollmentToken token) => Id = (token ?? throw new ArgumentNullException(nameof(token))).Id;

    /// <summary>Refers to one that the server listed.</summary>
    /// <param name="info">The enrolment or token.</param>
    public EnrollmentReference(EnrollmentInfo info) => Id = (info ?? throw new ArgumentNullException(nameof(info))).Id;

    /// <summary>The id.</summary>
    public string Id { get; }

    /// <summary>The id.</summary>
    public override string ToString() => Id;
}

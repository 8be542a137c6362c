namespace Pantry;

/// <summary>What lets a client in, once.</summary>
public enum EnrollmentKind
{
    /// <summary>An enrolment of New-PantryEnrollment, which has a key.</summary>
    Enrollment,

    /// <summary>A token of New-PantryEnrollmentToken.</summary>
    Token,
}

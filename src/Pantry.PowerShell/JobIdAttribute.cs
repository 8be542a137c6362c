using System.Collections;
using System.Management.Automation;

namespace Pantry.PowerShell;

/// <summary>Lets a parameter for ids of jobs take whatever belongs to a job: a JobInfo, a result, a PantryJob, an order that waits, in lists too.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class JobIdAttribute : ArgumentTransformationAttribute
{
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value is IEnumerable list and not string and not IDictionary
            ? list.Cast<object?>().Select(IdOf).ToArray()
            : IdOf(inputData);
    }

    // By the property, so that what crossed a process as data counts too.
    private static object? IdOf(object? item) => item switch
    {
        null => null,
        string id => id,
        IDictionary map => map["JobId"] ?? map["Id"],
        _ => PSObject.AsPSObject(item).Properties["JobId"]?.Value is { } id ? id.ToString() : item.ToString(),
    };
}

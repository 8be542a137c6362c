namespace Pantry.Help;

/// <summary>Names of types as PowerShell's own help writes them.</summary>
internal static class TypeNames
{
    public static string Of(Type type)
    {
        if (type.GetElementType() is { } element)
            return $"{Of(Nullable.GetUnderlyingType(element) ?? element)}[]";
        return Type.GetTypeCode(type) switch
        {
            _ when type.IsEnum => type.Name,
            TypeCode.String => "string",
            TypeCode.Int32 => "int",
            TypeCode.Int64 => "long",
            TypeCode.Boolean => "bool",
            _ when type == typeof(object) => "object",
            _ => type.Name,
        };
    }
}
